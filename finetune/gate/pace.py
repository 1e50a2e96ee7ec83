"""How long a judgement will still take."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from finetune.evaluation.adherence import CANDIDATES
from finetune.progress import Progress, ProgressStyle, json_line, progress_bar

__all__ = ["CANDIDATE", "CHAMPION", "CHECKING", "SHOWING", "Pace", "judging_plan", "pacing"]

CANDIDATE = "candidate"
CHAMPION = "champion"
"""What the versions are called while they are measured."""

CHECKING = "checking the candidate"
SHOWING = "jokes to show"

_DRAWN = 6.5
_DRAWN_ABOUT_A_TOPIC = 4.0
_JUDGED = 100.0
_SHOWN = 130.0
"""What stages cost, where reading one joke costs 1; measured with the starter on a CPU."""

_ENOUGH = 0.02
"""The share of the work after which its speed says something."""


def judging_plan(*, votes: int, loss_jokes: int, jokes: int, topics: int) -> dict[str, float]:
    """What each stage of a judgement costs."""
    stages = {
        "held-out votes": votes,
        "held-out loss": loss_jokes,
        "jokes": _DRAWN * jokes,
        "jokes about topics": _DRAWN_ABOUT_A_TOPIC * topics * CANDIDATES,
        "judging": _JUDGED,
        SHOWING: _SHOWN,
    }
    return {
        f"{version}: {stage}": cost
        for version in (CANDIDATE, CHAMPION)
        for stage, cost in stages.items()
    }


class Pace:
    """Seconds left, from what the stages cost that are done and the time they took."""

    def __init__(
        self, plan: Mapping[str, float], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._stages = list(plan)
        self._clock = clock
        self._began: float | None = None

    def seconds_left(self, stage: str, step: int, of: int) -> float | None:
        """None before enough of the plan is done."""
        if stage not in self._plan:
            return None
        if self._began is None:
            self._began = self._clock()
        before = self._stages[: self._stages.index(stage)]
        done = sum(self._plan[each] for each in before)
        done += self._plan[stage] * min(1.0, step / of if of else 0.0)
        share = done / sum(self._plan.values())
        if share < _ENOUGH:
            return None
        return round((self._clock() - self._began) * (1 / share - 1), 1)


@contextmanager
def pacing(style: ProgressStyle, plan: Mapping[str, float]) -> Iterator[Progress]:
    """A bar, or a JSON object a line with `stage`, `step`, `of` and `seconds_left`."""
    if style is ProgressStyle.BAR:
        with progress_bar("reading") as show:
            yield show
        return
    pace = Pace(plan)
    yield lambda stage, step, of: json_line(
        {
            "stage": stage,
            "step": step,
            "of": of,
            "seconds_left": pace.seconds_left(stage, step, of),
        }
    )
