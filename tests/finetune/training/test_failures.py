"""A full memory or disk is one sentence; a fault of ours stays a fault."""

import errno
import os

import pytest
import torch
from safetensors import SafetensorError

from finetune.training.failures import TrainingError, failing_with_a_sentence


def sentence(error: Exception) -> str:
    with pytest.raises(TrainingError) as failure, failing_with_a_sentence(kept=lambda: "All kept."):
        raise error
    return str(failure.value)


def test_an_allocation_that_fails_says_how_to_need_less_memory() -> None:
    with pytest.raises(TrainingError) as failure, failing_with_a_sentence(kept=lambda: "All kept."):
        torch.empty(1 << 60)
    assert str(failure.value) == (
        "The memory is full; halve recipe.sequences and double recipe.accumulation, or set "
        "gradient_checkpointing=true, and see what it needs: python -m finetune memory. All kept."
    )


@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")],
)
def test_other_full_memories_are_told_alike(error: Exception) -> None:
    assert sentence(error).startswith("The memory is full;")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 576 vs 470"),
        SafetensorError("Error while serializing: I/O error: No space left on device"),
    ],
)
def test_a_full_disk_says_to_make_room(error: Exception) -> None:
    assert sentence(error) == (
        "The disk is full; make room and run the same command with --resume. All kept."
    )


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), OSError(errno.EACCES, "denied"), ValueError("a bug")]
)
def test_everything_else_is_not_hidden(error: Exception) -> None:
    with pytest.raises(type(error)) as failure, failing_with_a_sentence(kept=lambda: "All kept."):
        raise error
    assert failure.value is error
