"""A step as a function of fixed buffers: it reads tokens, draws the next, and leaves word of it."""

from dataclasses import dataclass

import torch

from bot.generation.features import halved
from bot.generation.graphs.decoder import Decoder
from bot.generation.graphs.places import Places
from bot.generation.sampling import sample_at_once

__all__ = ["Outcome", "Prompts", "decode", "read"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step leaves for the host: of each row the token drawn, or -1, and how likely it was.

    `features` [rows, width] are the means of the hidden states of its tokens so far, in float16.
    """

    tokens: torch.Tensor
    logprobs: torch.Tensor
    features: torch.Tensor

    @classmethod
    def empty(cls, places: Places) -> "Outcome":
        """Room for a row of every place."""
        return cls(
            tokens=torch.zeros_like(places.tokens),
            logprobs=torch.zeros_like(places.tokens, dtype=torch.float32),
            features=torch.zeros_like(places.sums, dtype=torch.float16),
        )


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Pieces of prompts to be read: [rows, widest], and of each its place and last column."""

    tokens: torch.Tensor
    positions: torch.Tensor
    places: torch.Tensor
    last: torch.Tensor

    @classmethod
    def empty(cls, places: Places, *, widest: int) -> "Prompts":
        """Pieces that are read into nobody's place."""
        shape = (len(places.tokens), widest)
        return cls(
            tokens=places.tokens.new_zeros(shape),
            positions=places.tokens.new_full(shape, places.spare),
            places=torch.full_like(places.tokens, places.nobody),
            last=torch.zeros_like(places.tokens),
        )


def decode(
    decoder: Decoder, places: Places, outcome: Outcome, *, rows: int, length: int, sort: bool
) -> None:
    """Advance the first `rows` places by a token, of which `places.count` are somebody's.

    A row that misses its nucleus at every try stays as it is: the next step reads the same token
    again and, told to `sort`, draws for certain. So no step waits for the device to say.
    """
    tokens, positions = places.tokens[:rows], places.positions[:rows]
    made, sums = places.made[:rows], places.sums[:rows]
    logits, states = decoder(
        tokens[:, None], positions[:, None], (places.keys, places.values), length=length
    )
    number = torch.arange(rows, device=tokens.device)
    uniform = places.uniforms[:rows][number, made]
    drawn, logprobs = sample_at_once(logits, places.settings.first(rows), uniform, sort=sort)
    total = sums + states
    outcome.tokens[:rows].copy_(drawn)
    outcome.logprobs[:rows].copy_(logprobs)
    outcome.features[:rows].copy_(halved(total / made[:, None]))
    advanced = (drawn >= 0) & (number < places.count)
    tokens.copy_(torch.where(advanced, drawn, tokens))
    sums.copy_(torch.where(advanced[:, None], total, sums))
    positions.add_(advanced)
    made.add_(advanced)


def read(
    decoder: Decoder, places: Places, prompts: Prompts, outcome: Outcome, *, rows: int, width: int
) -> None:
    """Read a piece of each prompt and draw what follows it, which counts after the last piece."""
    where = prompts.places[:rows]
    logits, _ = decoder(
        prompts.tokens[:rows, :width],
        prompts.positions[:rows, :width],
        (places.keys, places.values),
        length=places.keys[0].shape[2],
        places=where,
        last=prompts.last[:rows],
    )
    settings, uniform = places.settings.take(where), places.uniforms[where, 0]
    drawn, logprobs = sample_at_once(logits, settings, uniform, sort=True)
    outcome.tokens[:rows].copy_(drawn)
    outcome.logprobs[:rows].copy_(logprobs)
    places.tokens[where] = drawn
