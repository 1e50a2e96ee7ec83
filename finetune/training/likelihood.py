"""How unlikely each joke token is to a model, asked of nothing but the joke tokens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad
from torch.nn.parallel import DistributedDataParallel

from finetune.training.packing import IGNORED

__all__ = ["joke_nats"]


def joke_nats(model: Any, batch: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Negative log-likelihoods in nats, [joke tokens] in float32, and where they stand.

    `batch` has `input_ids`, `position_ids` and `labels` [rows, length]. The second tensor
    [rows, length - 1] is true where the next token is of a joke; the first goes through it row by
    row. The head of the model reads only the states there: over the whole vocabulary each token of
    a prompt or of padding would be a large row, made for nothing.
    """
    labels = batch["labels"][:, 1:]
    taught = labels != IGNORED
    before_jokes = pad(taught, (0, 1))
    with _read_by_head(model, before_jokes):
        logits = model(
            input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False
        ).logits
    if logits.dim() == before_jokes.dim() + 1:
        logits = logits[before_jokes]
    return cross_entropy(logits.float(), labels[taught], reduction="none"), taught


@contextmanager
def _read_by_head(model: Any, chosen: torch.Tensor) -> Iterator[None]:
    """Only the `chosen` states, unless the model has no head."""
    inner = model.module if isinstance(model, DistributedDataParallel) else model
    find = getattr(inner, "get_output_embeddings", None)
    head = find() if find else None
    if head is None:
        yield
        return
    hook = head.register_forward_pre_hook(lambda _, states: (states[0][chosen],))
    try:
        yield
    finally:
        hook.remove()
