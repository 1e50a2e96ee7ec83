"""The log-probability of whole jokes, with which votes are compared."""

from collections.abc import Mapping
from typing import Any

import torch

from finetune.training.packing import IGNORED

__all__ = ["joke_log_probabilities"]


def joke_log_probabilities(model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The sum over the joke tokens of each row in nats, [rows], in float32.

    `batch` has `input_ids`, `position_ids` and `labels` [rows, length], one joke a row.
    """
    logits = model(
        input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False
    ).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    taught = labels != IGNORED
    # Only the joke tokens: over the whole vocabulary each of them is a large row.
    nats = torch.nn.functional.cross_entropy(
        logits[taught].float(), labels[taught], reduction="none"
    )
    return -torch.zeros(labels.shape, device=nats.device).masked_scatter(taught, nats).sum(dim=1)
