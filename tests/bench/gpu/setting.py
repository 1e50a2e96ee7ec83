"""What the benchmark of a GPU runs on: a device, a model's shape with random weights, requests."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from bot.generation.jobs import EngineJob
from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P

__all__ = ["Setting"]

_SHORTEST_PROMPT = 10
_LONGEST_PROMPT = 20


@dataclass(frozen=True, kw_only=True)
class Setting:
    """GPT-2 medium's shape, or with `small` a shape of some thousand weights."""

    device: torch.device
    small: bool
    concurrencies: Sequence[int] = (1, 16, 128)

    @property
    def dtype(self) -> torch.dtype:
        """What is served on such a device."""
        return torch.bfloat16 if self.device.type == "cuda" else torch.float32

    @property
    def name(self) -> str:
        """The shape in words."""
        return "a small GPT-2" if self.small else "GPT-2 medium's shape"

    def model(self) -> Any:
        """The same random weights each time, in a model of its own."""
        torch.manual_seed(0)
        if self.small:
            config = GPT2Config(vocab_size=512, n_embd=64, n_layer=2, n_head=4, n_positions=256)
        else:
            config = GPT2Config(n_embd=1024, n_layer=24, n_head=16)
        model = GPT2LMHeadModel(config).eval().to(device=self.device, dtype=self.dtype)
        # Nothing ends a text, so that all have the same length.
        model.config.eos_token_id = model.generation_config.eos_token_id = None
        return model

    def prompts(self, count: int) -> list[list[int]]:
        """Prompts of 10 to 20 random tokens."""
        dice = random.Random(count)
        return [
            [dice.randrange(500) for _ in range(dice.randint(_SHORTEST_PROMPT, _LONGEST_PROMPT))]
            for _ in range(count)
        ]

    def job(self, number: int, prompt: Sequence[int], *, tokens: int = NEW_TOKENS) -> EngineJob:
        """A prompt as our engine is asked for it."""
        return EngineJob(
            id=str(number),
            prompt=list(prompt),
            count=1,
            max_tokens=tokens,
            temperature=TEMPERATURE,
            top_k=0,
            top_p=TOP_P,
            seed=number,
        )

    def bytes_a_token(self, model: Any) -> float:
        """What must be read to draw one token of one text: every weight, and keys and values.

        Of the embeddings only the table that is the head as well; of keys and values as many as
        there are on average while a joke is told.
        """
        config, size = model.config, model.dtype.itemsize
        positions = config.n_positions * config.n_embd
        weights = sum(each.numel() for each in model.parameters()) - positions
        seen = (_SHORTEST_PROMPT + _LONGEST_PROMPT) / 2 + NEW_TOKENS / 2
        return float(size * (weights + seen * 2 * config.n_layer * config.n_embd))
