"""What stops a training run, said in one sentence."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

__all__ = [
    "CommonError",
    "LeaderFailedError",
    "TrainingError",
    "WorkerLostError",
    "failing_with_a_sentence",
]

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
_NO_SPACE = (
    *("no space left", "disk quota exceeded", "file too large"),
    *("unexpected pos", "file write failed"),
)
_NO_ANSWER = ("gloo/transport", "nccl")


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class TrainingError(Exception):
    """A run that cannot begin or go on; the message is one sentence that says what to do."""


class WorkerLostError(TrainingError):
    """Another worker of the run is gone, and nothing is wrong with this one."""

    def __init__(self, kept: str = "") -> None:
        sentence = (
            "Another worker of this run has ended; see what it said, and run the same command with "
            "--resume."
        )
        super().__init__(f"{sentence} {kept}".strip())


class CommonError(TrainingError):
    """What all workers of a run fail by at the same time, so that it is enough if one says so."""


class LeaderFailedError(CommonError):
    """The worker that leads the run could not go on, and says why."""

    def __init__(self) -> None:
        super().__init__("The worker that leads this run failed; see what it said.")


@contextmanager
def failing_with_a_sentence(*, kept: Callable[[], str]) -> Iterator[None]:
    """Turns a full memory or disk, or a worker that is gone, into a `TrainingError`.

    `kept` is asked afterwards and says what is still there.
    """
    try:
        yield
    except WorkerLostError as error:
        raise WorkerLostError(kept()) from error
    except (MemoryError, OSError, RuntimeError, SafetensorError) as error:
        sentence = _sentence(error)
        if sentence is None and _mentions(str(error).lower(), _NO_ANSWER):
            raise WorkerLostError(kept()) from error
        if sentence is None:
            raise
        raise TrainingError(f"{sentence} {kept()}") from error


def _sentence(error: Exception) -> str | None:
    said = str(error).lower()
    if isinstance(error, MemoryError) or _mentions(said, _NO_MEMORY):
        return (
            "The memory is full; halve recipe.sequences and double recipe.accumulation, or set "
            "gradient_checkpointing=true, and see what it needs: python -m finetune memory."
        )
    full = isinstance(error, OSError) and error.errno in _FULL
    # torch and safetensors report a full disk as an error of their own.
    if full or _mentions(said, _NO_SPACE):
        return "The disk is full; make room and run the same command with --resume."
    return None


def _mentions(said: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in said for phrase in phrases)
