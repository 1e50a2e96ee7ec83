"""The line, its limits, its deadline, the shelf and second rounds."""

from collections.abc import Sequence

import numpy as np
import pytest

from bot.generation.queue import LineLimits
from tests.scaling.activity import Asked, taking_turns
from tests.scaling.shelf import NO_SHELF, Shelf, ShelfRules
from tests.scaling.simulation import Drawn, Ending, Outcome, Simulation
from tests.scaling.worker import SteadySteps

SHELF = ShelfRules(jokes=2, quiet_seconds=5.0, idle_share=0.25)


def asked_at(times: Sequence[float], *, members: Sequence[int], plain: bool = False) -> Asked:
    """In one community."""
    return Asked(
        times=np.array(times),
        communities=np.zeros(len(times), dtype=np.int64),
        members=np.array(members),
        plain=np.full(len(times), plain),
        after=np.full(len(times), -1),
    )


def played(
    asked: Asked,
    *,
    tokens: int = 11,
    rounds: Sequence[int] = (),
    limits: LineLimits | None = None,
    deadline: float = 60.0,
    shelf: ShelfRules = NO_SHELF,
    workers: int = 1,
) -> Outcome:
    """Each request takes a worker's only place for `tokens` - 1 seconds."""
    return Simulation(
        asked=asked,
        drawn=Drawn(
            tokens=np.full((len(asked), 3, 1), tokens),
            rounds=np.array(rounds or [1] * len(asked)),
        ),
        steps=SteadySteps(seconds=1.0),
        workers=workers,
        places=1,
        limits=limits or LineLimits(capacity=64, per_community=48, per_member=8),
        deadline_seconds=deadline,
        shelf=shelf,
    ).run()


def test_members_take_turns_as_in_the_bots_own_line() -> None:
    outcome = played(asked_at([0, 1, 2, 3], members=[1, 1, 1, 2]))
    # The member who came last has fewer requests before theirs.
    assert outcome.began.tolist() == [0, 10, 30, 20]


def test_a_full_line_is_busy() -> None:
    limits = LineLimits(capacity=1, per_community=9, per_member=9)
    outcome = played(asked_at([0, 1, 2], members=[1, 2, 3]), limits=limits)
    assert outcome.ending.tolist() == [Ending.TOLD, Ending.TOLD, Ending.BUSY]
    assert outcome.refused == pytest.approx(1 / 3)


def test_who_is_not_answered_in_time_gets_an_apology_then() -> None:
    outcome = played(asked_at([0, 1, 2], members=[1, 2, 3]), deadline=15.0)
    assert outcome.ending.tolist() == [Ending.TOLD, Ending.LATE, Ending.LATE]
    # One was with the worker, which is free from then on; the other stood in the line.
    assert outcome.ended.tolist() == [10, 16, 17]


def test_another_round_is_drawn_before_everybody_who_waits() -> None:
    outcome = played(asked_at([0, 1], members=[1, 2]), rounds=[2, 1])
    assert outcome.ended.tolist() == [20, 30]


def test_two_workers_share_one_line() -> None:
    outcome = played(asked_at([0, 1, 2], members=[1, 2, 3]), workers=2)
    assert outcome.began.tolist() == [0, 1, 10]


def test_the_shelf_answers_who_asks_for_nothing_special() -> None:
    outcome = played(asked_at([0, 1, 2], members=[1, 2, 3], plain=True), shelf=SHELF)
    assert outcome.ending.tolist() == [Ending.SHELVED, Ending.SHELVED, Ending.TOLD]
    assert outcome.seconds(0) < 0.01


def test_members_who_ask_again_do_so_when_they_are_answered() -> None:
    outcome = played(taking_turns(members=2, communities=2, each=2))
    assert outcome.asked.tolist() == [0, 0, 10, 20]
    assert outcome.ended.tolist() == [10, 20, 30, 40]


def test_the_shelf_is_refilled_in_a_quarter_of_quiet_time_only() -> None:
    shelf = Shelf(SHELF, draw_seconds=1.0)
    assert shelf.take(now=0.0, quiet_since=0.0)
    assert shelf.take(now=0.1, quiet_since=0.1)
    assert not shelf.take(now=6.0, quiet_since=0.1), "a draw is under way and is given up"
    assert not shelf.take(now=100.0, quiet_since=None), "somebody waits"
    # Five quiet seconds, a draw, three seconds of rest, and then the next draw.
    assert shelf.take(now=10.0, quiet_since=0.1)
    assert not shelf.take(now=10.0, quiet_since=0.1)
    assert shelf.take(now=10.2, quiet_since=0.1)
