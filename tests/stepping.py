"""Reads whole texts with the compiled step, one token at a time."""

import torch

from bot.generation.native.step import NativeStep
from bot.generation.native.weights import DecoderWeights

__all__ = ["step_through"]


@torch.inference_mode()
def step_through(step: NativeStep, weights: DecoderWeights, ids: torch.Tensor) -> torch.Tensor:
    """Logits [rows, tokens, vocabulary] of `ids` [rows, tokens], from empty keys and values."""
    rows, tokens = ids.shape
    shape = (rows, weights.key_heads, tokens, weights.head_size)
    caches = [
        (torch.zeros(shape, dtype=torch.bfloat16), torch.zeros(shape, dtype=torch.bfloat16))
        for _ in weights.layers
    ]
    read = [
        step(ids[:, place].contiguous(), torch.full((rows,), place), caches)[0]
        for place in range(tokens)
    ]
    return torch.stack(read, dim=1)
