"""The workers that teach one model together, each with its part of every batch.

torchrun, `accelerate launch` and Ray Train start them and say in the environment which of them a
process is (https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables).
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

from finetune.models import choose_device
from finetune.training.failures import LeaderFailedError, TrainingError, WorkerLostError

__all__ = ["WorkerGroup", "joined"]

_Found = TypeVar("_Found")
_Row = TypeVar("_Row")

_PATIENCE = timedelta(hours=2)
"""The leader may prepare a large corpus while the others wait; who dies is noticed at once."""


def _nobody_asked() -> int:
    return 0


@dataclass(frozen=True, kw_only=True)
class WorkerGroup:
    """Worker `rank` of `size`; the first one leads, and writes whatever a run has one of.

    What they tell each other goes through tensors on `device`. `asked_to_stop` gives the number of
    a signal that came to whoever started the workers, or 0. When one of them is gone, the others
    find out at the next thing they do together: each method that waits raises `WorkerLostError`.
    """

    rank: int = 0
    size: int = 1
    device: str | torch.device = "cpu"
    asked_to_stop: Callable[[], int] = _nobody_asked

    @property
    def alone(self) -> bool:
        """Whether there is nobody to wait for."""
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this is the worker that writes and reports."""
        return self.rank == 0

    def share(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """This worker's part: as many rows as the others have, or one more, or one less."""
        first, end = (len(rows) * rank // self.size for rank in (self.rank, self.rank + 1))
        return rows[first:end]

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all workers of tensors of the same shape, without gradients."""
        if self.alone:
            return values
        total = values.detach().clone()
        with _together():
            distributed.all_reduce(total)
        return total

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean of all values that all workers have, which may be none here: a scalar."""
        if self.alone:
            return values.mean()
        total = torch.stack([values.sum(), values.new_tensor(float(values.numel()))])
        mass, count = self.sum(total).unbind()
        return mass / count

    def wait(self) -> None:
        """Until all workers are here."""
        self._largest(0)

    def stopped_by(self, signal: int) -> int:
        """The number of a signal that any worker got, the same for all of them, or 0."""
        return self._largest(max(signal, self.asked_to_stop()))

    def once(self, work: Callable[[], object]) -> None:
        """Have the leader do it while the others wait.

        What it raises is raised by the leader; the others raise `LeaderFailedError`.
        """

        def done() -> None:
            work()

        self.shared(done)

    def in_turn(self, work: Callable[[], _Found]) -> _Found:
        """What each worker finds for itself, the leader first: it may have to make it."""
        found: list[_Found] = []
        self.once(lambda: found.append(work()))
        return found[0] if found else work()

    def shared(self, make: Callable[[], Any]) -> Any:
        """What the leader makes, for all workers: whatever JSON can say; raises as `once` does.

        Two devices may round differently, and must not therefore teach different rows.
        """
        if self.alone:
            return make()
        failure: Exception | None = None
        content = b""
        if self.leads:
            try:
                content = json.dumps(make()).encode()
            except Exception as error:  # the others have to hear of it, whatever it is
                failure = error
        length = self._largest(len(content) if failure is None else 0)
        if failure is not None:
            raise failure
        if not length:
            raise LeaderFailedError
        told = torch.zeros(length, dtype=torch.uint8)
        if self.leads:
            told = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        told = told.to(self.device)
        with _together():
            distributed.broadcast(told, src=0)
        return json.loads(told.cpu().numpy().tobytes())

    def _largest(self, number: int) -> int:
        if self.alone:
            return number
        found = torch.tensor(number, device=self.device)
        with _together():
            distributed.all_reduce(found, op=distributed.ReduceOp.MAX)
        return int(found)


@contextmanager
def joined(*, device: str) -> Iterator[WorkerGroup]:
    """The group that this process was started in, or one of itself alone.

    `device` is auto, cpu or cuda; on CUDA each worker takes a device of its own. Raises
    `TrainingError`.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield WorkerGroup()
        return
    place = choose_device(device)
    if place.type == "cuda":
        _take_device(int(os.environ.get("LOCAL_RANK", "0")))
        place = torch.device("cuda", torch.cuda.current_device())
    # accelerate would choose a number of threads of its own, and say so.
    os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
    begun_elsewhere = distributed.is_initialized()
    if not begun_elsewhere:
        try:
            distributed.init_process_group(
                "nccl" if place.type == "cuda" else "gloo", timeout=_PATIENCE
            )
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise TrainingError(f"The workers of this run do not find each other: {reason}") from (
                error
            )
    yield WorkerGroup(rank=distributed.get_rank(), size=distributed.get_world_size(), device=place)
    if not begun_elsewhere:
        distributed.destroy_process_group()


def _take_device(number: int) -> None:
    there = torch.cuda.device_count()
    if number >= there:
        raise TrainingError(
            f"There are more workers here than CUDA devices ({there}); start one for each device, "
            "or set --device cpu."
        )
    torch.cuda.set_device(number)


@contextmanager
def _together() -> Iterator[None]:
    """torch says in many ways that somebody does not answer, all of them RuntimeErrors."""
    try:
        yield
    except RuntimeError as error:
        raise WorkerLostError from error
