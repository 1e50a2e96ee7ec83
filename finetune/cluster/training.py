"""A course taught by workers on a Ray cluster, as a job of Ray Train.

https://docs.ray.io/en/latest/train/train.html
"""

import json
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from finetune.cluster.desk import Desk
from finetune.cluster.joining import joined_cluster
from finetune.cluster.lines import report
from finetune.cluster.worker import teach_as_worker
from finetune.training.course import Course
from finetune.training.failures import TrainingError
from finetune.training.lesson import Taught
from finetune.training.reporting import Reporter

__all__ = ["RayTraining"]

_FAILURES = 3
"""How often the workers are started again after a loss."""

_GLANCE_SECONDS = 0.2
_ANSWER_SECONDS = 60.0
_END_SECONDS = 10.0
_ROOM_SECONDS = 900.0
"""A cluster that grows needs minutes for a new node."""

_PATIENCE_SECONDS = 7200
"""The leader may prepare a large corpus while the others wait."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class RayTraining:
    """`workers` processes on the cluster at `address`, each with a GPU if it has enough of them.

    All of them, and whoever wants the version, see the same files under the same paths.
    """

    address: str
    workers: int

    def held(self, course: Course, *, reporter: Reporter) -> Taught:
        """Have the course taught; a lost worker costs what came after the last checkpoint.

        SIGINT and SIGTERM make the workers save and end. Raises `TrainingError`.
        """
        course = course.anywhere()
        try:
            with joined_cluster(self.address), _Signals().watched() as signals:
                return self._held(course, reporter, signals)
        finally:
            # Ray Train wants a place of its own, for checkpoints that it is not given.
            shutil.rmtree(_storage(course), ignore_errors=True)

    def _held(self, course: Course, reporter: Reporter, signals: "_Signals") -> Taught:
        import ray

        gpus = course.device != "cpu" and ray.cluster_resources().get("GPU", 0) >= self.workers
        if course.device == "cuda" and not gpus:
            raise TrainingError(
                f"The cluster at {self.address} has fewer than {self.workers} GPUs; start fewer "
                "workers, or set --device cpu."
            )
        desk = ray.remote(Desk).options(num_cpus=0).remote()
        # On the cluster, since a client that is no node of it can start no job itself.
        job = (
            ray.remote(_train)
            .options(num_cpus=0, max_retries=0)
            .remote(
                replace(course, device="cuda" if gpus else "cpu"),
                desk=desk,
                workers=self.workers,
                threads=course.threads or 1,
            )
        )
        reporter.stage(f"waiting for {self.workers} workers on Ray", 0, 0)
        return _Following(desk=desk, job=job, reporter=reporter, signals=signals).followed(
            deadline=time.monotonic() + _ROOM_SECONDS
        )


def _train(course: Course, *, desk: Any, workers: int, threads: int) -> None:
    """Run the job. Raises what Ray Train raises when the workers have failed too often."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    gpus = course.device == "cuda"
    TorchTrainer(
        teach_as_worker,
        train_loop_config={"course": course, "desk": desk},
        torch_config=TorchConfig(timeout_s=_PATIENCE_SECONDS),
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu=gpus,
            resources_per_worker={"CPU": threads, **({"GPU": 1} if gpus else {})},
        ),
        run_config=RunConfig(
            # Of a name that it knows, Ray Train would take up what it wrote down.
            name=uuid.uuid4().hex,
            storage_path=str(_storage(course)),
            failure_config=FailureConfig(max_failures=_FAILURES),
        ),
    ).fit()


def _storage(course: Course) -> Path:
    out = course.lesson.out
    return out.with_name(f".{out.name}.ray")


class _Signals:
    """Remembers the first signal that came; a second one has its usual effect."""

    def __init__(self) -> None:
        self.number = 0

    @contextmanager
    def watched(self) -> Iterator["_Signals"]:
        before = {number: signal.signal(number, self._remember) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)


@dataclass(kw_only=True)
class _Following:
    """Reads the desk while the job runs, and reports what is told there."""

    desk: Any
    job: Any
    reporter: Reporter
    signals: _Signals
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
    return f"Workers failed {_FAILURES + 1} times; run the same command with --resume. {reason}"
