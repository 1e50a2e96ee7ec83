"""A worker that batches: joined at a step's end, read together, left at once."""

import math
from collections.abc import Mapping

import pytest

from tests.scaling.worker import SteadySteps, Worker

READING = 0.5


class Slower:
    """A step takes a second for each row; prompts take half a second, however many."""

    def read(self, requests: int) -> float:
        return READING * (requests > 0)

    def decode(self, rows: int) -> float:
        return float(rows)


def finished(worker: Worker) -> Mapping[int, float]:
    """When each request ends, if nobody else comes."""
    ends: dict[int, float] = {}
    while worker.ends < math.inf:
        now = worker.ends
        ends.update(dict.fromkeys(worker.end(), now))
    return ends


def test_a_request_is_read_and_then_decoded_until_its_longest_candidate_ends() -> None:
    worker = Worker(steps=Slower(), places=4)
    worker.join(7, [2, 4], now=10.0)
    # One token with the prompt, one step of two rows, two steps of the row that is left.
    assert finished(worker) == {7: pytest.approx(10.0 + READING + 2 + 1 + 1)}


def test_places_are_held_until_the_last_candidate_ends() -> None:
    worker = Worker(steps=Slower(), places=4)
    worker.join(7, [2, 4], now=0.0)
    worker.end()
    worker.end()
    assert worker.free == 2
    worker.end()
    assert worker.free == 4


def test_who_comes_in_the_middle_of_a_step_joins_at_its_end() -> None:
    worker = Worker(steps=Slower(), places=4)
    worker.join(1, [11], now=0.0)
    worker.end()
    worker.join(2, [1], now=READING + 3.2)
    assert worker.ends == READING + 4
    # While prompts are read nobody is decoded.
    assert finished(worker) == {2: READING + 4 + READING, 1: READING + 10 + READING}


def test_those_who_come_together_are_read_together() -> None:
    worker = Worker(steps=Slower(), places=4)
    worker.join(1, [3], now=0.0)
    worker.end()
    worker.join(2, [1], now=0.6)
    worker.join(3, [1], now=0.7)
    assert finished(worker)[2] == pytest.approx(READING + 1 + READING)


def test_a_request_of_one_token_ends_with_its_prompt() -> None:
    worker = Worker(steps=Slower(), places=4)
    worker.join(1, [1, 1], now=0.0)
    assert finished(worker) == {1: READING}


def test_who_is_withdrawn_frees_places_at_once_and_slows_nobody_after_the_step() -> None:
    worker = Worker(steps=Slower(), places=2)
    worker.join(1, [5], now=0.0)
    worker.join(2, [5], now=0.0)
    while worker.free == 0 and worker.ends < READING * 2:
        worker.end()
    worker.withdraw(2, now=worker.ends - 1)
    assert worker.free == 1
    assert set(finished(worker)) == {1}
    assert worker.free == 2


def test_steady_steps_take_the_same_time_whatever_the_batch() -> None:
    steps = SteadySteps(seconds=0.25)
    assert steps.decode(1) == steps.decode(32) == 0.25
    assert steps.read(8) == 0.0
