"""A course taught by workers on a Ray cluster, as a job of Ray Train.

https://docs.ray.io/en/latest/train/train.html
"""

import shutil
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune.cluster.desk import Desk
from finetune.cluster.following import Following
from finetune.cluster.joining import joined_cluster
from finetune.cluster.worker import teach_as_worker
from finetune.training.course import Course
from finetune.training.failures import TrainingError
from finetune.training.lesson import Taught
from finetune.training.reporting import Reporter
from finetune.training.signals import FirstSignal

__all__ = ["RayTraining"]

_FAILURES = 3
"""How often the workers are started again after a loss."""

_ROOM_SECONDS = 900.0
"""A cluster that grows needs minutes for a new node."""

_PATIENCE_SECONDS = 7200
"""The leader may prepare a large corpus while the others wait."""


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
        signals = FirstSignal()
        try:
            with joined_cluster(self.address):
                signals.watch()
                try:
                    return self._held(course, reporter, signals)
                finally:
                    signals.unwatch()
        finally:
            # Ray Train wants a place of its own, for checkpoints that it is not given.
            shutil.rmtree(_storage(course), ignore_errors=True)

    def _held(self, course: Course, reporter: Reporter, signals: FirstSignal) -> Taught:
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
        return Following(desk=desk, job=job, reporter=reporter, signals=signals).followed(
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
