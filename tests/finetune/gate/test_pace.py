"""The time left is what the stages that are done have taken, for those that are not."""

from collections.abc import Callable

import pytest

from finetune.gate.pace import Pace, judging_plan


def clock(*times: float) -> Callable[[], float]:
    return iter(times).__next__


def test_it_is_unknown_at_first_and_gone_at_the_end() -> None:
    pace = Pace({"loss": 50, "jokes": 50}, clock=clock(0, 10, 20, 40))
    assert pace.seconds_left("checking", 0, 0) is None
    assert pace.seconds_left("loss", 0, 10) is None
    assert pace.seconds_left("loss", 5, 10) == 30
    assert pace.seconds_left("jokes", 0, 10) == 20
    assert pace.seconds_left("jokes", 10, 10) == 0


def test_stages_that_report_no_steps_count_when_they_are_over() -> None:
    pace = Pace({"judging": 50, "jokes": 50}, clock=clock(0, 7, 8))
    assert pace.seconds_left("judging", 0, 0) is None
    assert pace.seconds_left("jokes", 0, 0) == 7


@pytest.mark.parametrize("votes", [0, 100])
def test_the_plan_has_both_versions_and_more_jokes_take_longer(votes: int) -> None:
    plan = judging_plan(votes=votes, loss_jokes=256, jokes=100, topics=20)
    more = judging_plan(votes=votes, loss_jokes=256, jokes=200, topics=20)
    assert len(plan) == 12
    assert sum(more.values()) > sum(plan.values())
    assert plan["candidate: jokes"] == plan["champion: jokes"]
