"""What each worker on the cluster does; Ray Train calls it, and calls it again after a loss."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError
from finetune.cluster.lines import LinesReporter
from finetune.corpus.jokes import CorpusError
from finetune.retraining.votes import VotesError
from finetune.training.course import Course
from finetune.training.failures import LeaderFailedError, TrainingError, WorkerLostError
from finetune.training.group import WorkerGroup, joined
from finetune.training.reporting import SilentReporter

__all__ = ["teach_as_worker"]

_GLANCE_SECONDS = 1.0
_ANSWER_SECONDS = 60.0


def teach_as_worker(given: dict[str, Any]) -> None:
    """Teach `given["course"]` as one of a group, and leave at `given["desk"]` how it ended.

    A failure that would come again is left there as a sentence. Raises `WorkerLostError` and
    whatever nobody expects, after which Ray starts all workers anew.
    """
    course: Course = given["course"]
    desk = given["desk"]
    try:
        with joined(device=course.device) as group:
            _teach(course, desk, group)
    except WorkerLostError:
        raise
    except LeaderFailedError:
        return
    except (TrainingError, CorpusError, VotesError, BaseModelError, BrokenVersionError) as error:
        _answer(desk.tell.remote(json.dumps({"failed": str(error)})))


def _teach(course: Course, desk: Any, group: WorkerGroup) -> None:
    reporter = LinesReporter(tell=desk.tell.remote) if group.leads else SilentReporter()
    if group.shared(lambda: _answer(desk.begin.remote())):
        reporter.stage("going on after a worker was lost", 0, 0)
        course = course.continued()
    if group.leads:
        group = replace(group, asked_to_stop=_Glancing(look=lambda: _answer(desk.signal.remote())))
    taught = course.held(reporter=reporter, group=group)
    if group.leads:
        ended = {
            "version": taught.version and str(taught.version),
            "step": taught.step,
            "interrupted_by": taught.interrupted_by,
        }
        _answer(desk.tell.remote(json.dumps({"ended": ended})))


@dataclass(kw_only=True)
class _Glancing:
    """What `look` found, which is asked again once a second: some steps are shorter."""

    look: Callable[[], int]
    _found: int = 0
    _next: float = field(default=0.0)

    def __call__(self) -> int:
        if time.monotonic() >= self._next:
            self._found = self.look()
            self._next = time.monotonic() + _GLANCE_SECONDS
        return self._found


def _answer(asked: Any) -> Any:
    import ray

    return ray.get(asked, timeout=_ANSWER_SECONDS)
