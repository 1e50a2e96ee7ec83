"""Follows a job on the cluster from where the command was typed."""

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.cluster.lines import report
from finetune.training.failures import TrainingError
from finetune.training.lesson import Taught
from finetune.training.reporting import Reporter
from finetune.training.signals import FirstSignal

__all__ = ["Following"]

_GLANCE_SECONDS = 0.2
_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0


@dataclass(kw_only=True)
class Following:
    """Reads the desk while the job runs, and reports what is told there."""

    desk: Any
    job: Any
    reporter: Reporter
    signals: FirstSignal
    _stopping: bool = False

    def followed(self, *, deadline: float) -> Taught:
        """How it ended. Raises `TrainingError`, also if no worker has begun by the deadline."""
        import ray

        begun = False
        while True:
            ended, _ = ray.wait([self.job], timeout=_GLANCE_SECONDS)
            for line in self._told():
                begun = True
                if "ended" in line:
                    ray.wait([self.job], timeout=_END_SECONDS)
                    return _taught(line["ended"])
                if "failed" in line:
                    raise TrainingError(line["failed"])
                report(line, self.reporter)
            if ended:
                raise TrainingError(_reason(self.job))
            if not begun and time.monotonic() > deadline:
                raise TrainingError(
                    "The cluster has had no room for the workers; start fewer, give them fewer "
                    "--threads, or add nodes."
                )
            if self.signals.number and not self._stopping:
                self._stopping = True
                if not begun:
                    # There is nothing to save, and it has its usual effect by now.
                    signal.raise_signal(self.signals.number)
                self._answer(self.desk.stop.remote(self.signals.number))

    def _told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._answer(self.desk.told.remote())]

    def _answer(self, asked: Any) -> Any:
        import ray

        try:
            return ray.get(asked, timeout=_ANSWER_SECONDS)
        except Exception as error:
            raise TrainingError(
                "The cluster does not answer any more; run the same command with --resume."
            ) from error


def _taught(ended: dict[str, Any]) -> Taught:
    version = ended["version"]
    return Taught(
        version=Path(version) if version else None,
        step=ended["step"],
        interrupted_by=ended["interrupted_by"],
    )


def _reason(job: Any) -> str:
    """Why a job ended though no worker has told how."""
    import ray

    reason = "it said nothing"
    try:
        ray.get(job, timeout=_ANSWER_SECONDS)
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[-1][:300] if lines else type(error).__name__
    return f"The job on Ray failed; run the same command with --resume. {reason}"
