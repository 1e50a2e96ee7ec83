"""The simulation against what queueing theory knows exactly."""

import math

import numpy as np
import pytest

from bot.generation.queue import LineLimits
from tests.scaling.activity import Asked
from tests.scaling.simulation import Drawn, Ending, Outcome, Simulation
from tests.scaling.worker import SteadySteps

STEP = 0.001
MEAN_TOKENS = 1_000
"""A service of a second on average, fine enough to be continuous."""
NO_LIMIT = LineLimits(capacity=10**9, per_community=10**9, per_member=10**9)


def poisson(rate: float, *, count: int, random: np.random.Generator) -> Asked:
    """Independent requests, each by a member of its own."""
    number = np.arange(count)
    return Asked(
        times=np.cumsum(random.exponential(1 / rate, count)),
        communities=number,
        members=number,
        plain=np.zeros(count, dtype=np.bool_),
        after=np.full(count, -1),
    )


def served(asked: Asked, tokens: np.ndarray, *, workers: int, limits: LineLimits) -> Outcome:
    """By workers that have one place each."""
    return Simulation(
        asked=asked,
        drawn=Drawn(tokens=tokens[:, None, None], rounds=np.ones(len(asked), dtype=np.int64)),
        steps=SteadySteps(seconds=STEP),
        workers=workers,
        places=1,
        limits=limits,
    ).run()


def erlang_c(offered: float, workers: int) -> float:
    """The probability of having to wait (Erlang 1917), by the recursion of Erlang's B."""
    blocked = 1.0
    for number in range(1, workers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / workers * (1 - blocked))


def erlang_b(offered: float, workers: int) -> float:
    blocked = 1.0
    for number in range(1, workers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked


@pytest.mark.parametrize(("workers", "load"), [(1, 0.6), (3, 0.7), (8, 0.75)])
def test_many_servers_keep_waiting_as_erlang_says(workers: int, load: float) -> None:
    random = np.random.default_rng(1)
    asked = poisson(load * workers, count=12_000, random=random)
    # The first token comes with the prompt, which here takes no time.
    tokens = 1 + random.geometric(1 / MEAN_TOKENS, len(asked))
    outcome = served(asked, tokens, workers=workers, limits=NO_LIMIT).settled()
    waited = outcome.began - outcome.asked
    likely = erlang_c(load * workers, workers)
    assert np.mean(waited > 1e-9) == pytest.approx(likely, rel=0.1)
    assert waited.mean() == pytest.approx(likely / (workers * (1 - load)), rel=0.15)
    # Those who wait at all wait an exponential time.
    p95 = math.log(likely / 0.05) / (workers * (1 - load))
    assert outcome.waited(95) == pytest.approx(p95, rel=0.15)


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_equal_jokes_wait_half_as_long(load: float) -> None:
    """M/D/1 by Pollaczek and Khinchine."""
    asked = poisson(load, count=12_000, random=np.random.default_rng(2))
    tokens = np.full(len(asked), 1 + MEAN_TOKENS)
    outcome = served(asked, tokens, workers=1, limits=NO_LIMIT).settled()
    waited = outcome.began - outcome.asked
    assert waited.mean() == pytest.approx(load / (2 * (1 - load)), rel=0.1)
    assert outcome.seconds(0) == pytest.approx(1.0)


def test_a_short_line_refuses_as_a_finite_queue_does() -> None:
    """M/M/1/K: one is served and K - 1 wait."""
    load, waiting = 0.9, 4
    random = np.random.default_rng(3)
    asked = poisson(load, count=12_000, random=random)
    tokens = 1 + random.geometric(1 / MEAN_TOKENS, len(asked))
    limits = LineLimits(capacity=waiting, per_community=10, per_member=10)
    outcome = served(asked, tokens, workers=1, limits=limits).settled()
    most = waiting + 1
    lost = (1 - load) * load**most / (1 - load ** (most + 1))
    assert outcome.share(Ending.BUSY) == pytest.approx(lost, rel=0.12)


def test_littles_law_holds() -> None:
    """Who comes finds as many as come in a second, times how long they stay (Little, and PASTA)."""
    rate = 2.4
    random = np.random.default_rng(4)
    asked = poisson(rate, count=12_000, random=random)
    tokens = 1 + random.geometric(1 / MEAN_TOKENS, len(asked))
    outcome = served(asked, tokens, workers=3, limits=NO_LIMIT)
    gone = np.searchsorted(np.sort(outcome.ended), outcome.asked, side="right")
    found = np.arange(len(asked)) - gone
    stayed = float((outcome.ended - outcome.asked).mean())
    assert found.mean() == pytest.approx(rate * stayed, rel=0.08)


def test_places_are_held_for_as_long_as_the_work_takes() -> None:
    """Little's law of the servers: busy ones are what is offered."""
    random = np.random.default_rng(5)
    asked = poisson(2.0, count=5_000, random=random)
    tokens = 1 + random.geometric(1 / MEAN_TOKENS, len(asked))
    outcome = served(asked, tokens, workers=3, limits=NO_LIMIT)
    busy = (outcome.ended - outcome.began).sum() / outcome.ended.max()
    offered = (tokens - 1).sum() * STEP / outcome.ended.max()
    assert busy == pytest.approx(offered)
    assert busy == pytest.approx(2.0, rel=0.1)


def test_erlangs_two_formulas_agree_on_a_known_case() -> None:
    # Two servers and one erlang: B = 1/5, C = 1/3.
    assert erlang_b(1.0, 2) == pytest.approx(1 / 5)
    assert erlang_c(1.0, 2) == pytest.approx(1 / 3)
