"""A model that counts what it reads."""

from typing import Any

import torch

__all__ = ["CountingModel"]


class CountingModel(torch.nn.Module):
    """A model that remembers the shape [rows, tokens] of everything it was asked to read."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.config = model.config
        self.device = model.device
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, input_ids: torch.Tensor, **keywords: Any) -> Any:
        self.shapes.append(tuple(input_ids.shape))
        return self.model(input_ids=input_ids, **keywords)
