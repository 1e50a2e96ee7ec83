"""The log-probability of whole jokes, with which votes are compared."""

from collections.abc import Mapping
from typing import Any

import torch

from finetune.training.likelihood import joke_nats

__all__ = ["joke_log_probabilities"]


def joke_log_probabilities(model: Any, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The sum over the joke tokens of each row in nats, [rows], in float32.

    `batch` has `input_ids`, `position_ids` and `labels` [rows, length], one joke a row.
    """
    nats, taught = joke_nats(model, batch)
    return -torch.zeros(taught.shape, device=nats.device).masked_scatter(taught, nats).sum(dim=1)
