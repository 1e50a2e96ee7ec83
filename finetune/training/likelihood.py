"""How unlikely each joke token is to a model, asked of nothing but the joke tokens."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import pad
from torch.nn.parallel import DistributedDataParallel

from finetune.training.packing import IGNORED

__all__ = ["joke_nats", "nats_of"]

_NUMBERS = 1 << 18
"""Four times so many bytes fit into the cache of a core."""
_NUMBERS_ON_GPU = 1 << 26


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
    return nats_of(logits, labels[taught]), taught


def nats_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """-log softmax(logits)[label] in float32 [rows], for logits [rows, words] and labels [rows]."""
    nats: torch.Tensor = _Nats.apply(logits, labels)  # type: ignore[no-untyped-call]
    return nats


class _Nats(torch.autograd.Function):
    """Goes through the logits a few rows at a time.

    A row has a number for each word of the vocabulary. Whole, in float32, with what its derivative
    needs kept beside it, that is several times the memory of the logits, all of which has to be
    written and read again; a few rows stay in the cache of a processor. The derivative is made of
    the logits once more: softmax(logits), less 1 at the label.
    """

    @staticmethod
    def forward(context: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        few_at_a_time = torch.split(logits, _rows(logits))
        sums = torch.cat([few.float().logsumexp(dim=-1) for few in few_at_a_time])
        context.save_for_backward(logits, labels, sums)
        return sums - logits.gather(1, labels[:, None]).squeeze(1).float()

    @staticmethod
    def backward(context: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits, labels, sums = context.saved_tensors
        derivative = torch.empty_like(logits)
        parts = (derivative, logits, labels, sums, upstream[0])
        rows = zip(*(torch.split(each, _rows(logits)) for each in parts), strict=True)
        for few, of, label, total, weight in rows:
            likelihood = (of.float() - total[:, None]).exp_()
            likelihood[torch.arange(len(label), device=label.device), label] -= 1
            few.copy_(likelihood.mul_(weight[:, None]))
        return derivative, None


def _rows(rows: torch.Tensor) -> int:
    """How many rows are taken at a time; a GPU has no use for few."""
    numbers = _NUMBERS if rows.device.type == "cpu" else _NUMBERS_ON_GPU
    return max(1, numbers // rows.shape[-1])


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
