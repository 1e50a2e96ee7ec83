"""What is left of a stage is judged by how fast it went so far."""

from hypothesis import given
from hypothesis import strategies as st

from finetune.training.pace import Pace


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_half_of_the_steps_take_as_long_as_the_other_half() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    assert pace.seconds_left("reading", step=0, of=8) is None
    clock.now = 20
    assert pace.seconds_left("reading", step=4, of=8) == 20


def test_another_stage_begins_anew_and_so_does_the_same_one_the_second_time() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    pace.seconds_left("reading", step=0, of=8)
    clock.now = 100
    assert pace.seconds_left("writing", step=2, of=8) is None
    clock.now = 101
    assert pace.seconds_left("writing", step=4, of=8) == 2
    assert pace.seconds_left("writing", step=0, of=8) is None


def test_steps_without_an_end_have_no_time_left() -> None:
    pace = Pace(clock=Clock())
    assert [pace.seconds_left("reading", step=step, of=0) for step in range(3)] == [None] * 3


@given(steps=st.lists(st.integers(0, 50), max_size=20), of=st.integers(0, 50))
def test_no_order_of_steps_gives_a_time_before_now(steps: list[int], of: int) -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    for step in steps:
        clock.now += 1
        left = pace.seconds_left("reading", step=step, of=of)
        assert left is None or left >= 0
