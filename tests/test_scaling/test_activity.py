"""Who asks when."""

import numpy as np
import pytest

from tests.scaling.activity import Crowd, taking_turns
from tests.scaling.assumptions import Habits

RATE = 5.0


def crowd(*, communities: int = 500, seed: int = 1) -> Crowd:
    return Crowd(Habits(), communities=communities, random=np.random.default_rng(seed))


def test_provoked_jokes_are_part_of_the_rate() -> None:
    asked = crowd().asks(rate=RATE, count=20_000)
    # Those that were provoked before the beginning are missing, and those after the end.
    assert len(asked) == pytest.approx(20_000, rel=0.05)
    assert asked.times.max() <= 20_000 / RATE
    assert (np.diff(asked.times) >= 0).all()


def test_jokes_come_in_bursts_in_one_community() -> None:
    """A Hawkes process with branching ratio n varies 1 / (1 - n)² times as much as Poisson's."""
    asked = crowd(communities=1).asks(rate=RATE, count=30_000)
    counts, _ = np.histogram(asked.times, bins=100)
    burstiness = float(counts.var() / counts.mean())
    assert burstiness == pytest.approx(1 / (1 - Habits().provoked) ** 2, rel=0.5)
    assert burstiness > 1.5


def test_few_communities_ask_for_much() -> None:
    asked = crowd(communities=2_000).asks(rate=RATE, count=20_000)
    counts = np.sort(np.bincount(asked.communities, minlength=2_000))[::-1]
    assert 0.1 < counts[:20].sum() / len(asked) < 0.4


def test_half_of_the_requests_have_no_topic() -> None:
    asked = crowd().asks(rate=RATE, count=20_000)
    assert asked.plain.mean() == pytest.approx(Habits().without_topic, abs=0.02)


def test_the_same_seed_asks_the_same() -> None:
    one, other = (crowd(seed=3).asks(rate=RATE, count=500) for _ in range(2))
    assert (one.times == other.times).all()


def test_members_who_take_turns_wait_for_their_own_answer() -> None:
    asked = taking_turns(members=3, communities=2, each=2)
    assert asked.times.tolist() == [0, 0, 0, np.inf, np.inf, np.inf]
    assert asked.after.tolist() == [-1, -1, -1, 0, 1, 2]
    assert asked.communities.tolist() == [0, 1, 0, 0, 1, 0]


def test_the_hours_of_the_day_have_a_peak_about_twice_the_average() -> None:
    habits = Habits()
    assert len(habits.hours) == 24
    assert habits.requests_a_second(100, peak=True) == pytest.approx(
        habits.peak * habits.requests_a_second(100, peak=False)
    )
    assert 1.5 < habits.peak < 2.5
