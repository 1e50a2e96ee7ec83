"""Drawing one token for every running candidate, each with settings and randomness of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

__all__ = ["DRAWS", "SamplingRows", "sample", "sample_at_once", "uniforms"]

DRAWS = 6
"""Uniform numbers set aside for each token: five tries to draw inside the nucleus, then a sort."""

_BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class SamplingRows:
    """Settings of n rows, as tensors of shape [n]; top_k 0 and top_p 1 mean no limit."""

    temperature: torch.Tensor
    top_k: torch.Tensor
    top_p: torch.Tensor

    @classmethod
    def of(
        cls, settings: Sequence[tuple[float, int, float]], *, vocabulary: int, device: torch.device
    ) -> "SamplingRows":
        """From (temperature, top_k, top_p) of each row."""
        temperature, top_k, top_p = zip(*settings, strict=True)
        return cls(
            temperature=torch.tensor(temperature, device=device, dtype=torch.float32),
            top_k=torch.tensor([k or vocabulary for k in top_k], device=device),
            top_p=torch.tensor(top_p, device=device, dtype=torch.float32),
        )

    def first(self, count: int) -> "SamplingRows":
        """The settings of the first rows, as views."""
        return SamplingRows(
            temperature=self.temperature[:count],
            top_k=self.top_k[:count],
            top_p=self.top_p[:count],
        )

    def take(self, rows: torch.Tensor) -> "SamplingRows":
        """The settings of some of the rows."""
        return SamplingRows(
            temperature=self.temperature[rows], top_k=self.top_k[rows], top_p=self.top_p[rows]
        )


def uniforms(seed: int, tokens: int) -> torch.Tensor:
    """All the randomness one candidate will ever use: [tokens, DRAWS] in [0, 1).

    Drawing it beforehand makes a candidate independent of who else is in the batch.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((tokens, DRAWS), generator=generator)


def sample(
    logits: torch.Tensor, rows: SamplingRows, uniform: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw a token for each row; returns tokens [n] and their log-probabilities [n].

    `logits` is float32 [n, vocabulary], `uniform` [n, DRAWS]. The log-probability is the model's
    own, before temperature and truncation.

    Sorting a vocabulary is slow, so a token is drawn from the whole distribution and kept when it
    lies inside the nucleus, that is when the mass of all likelier tokens is below top_p and their
    number below top_k; the few rows that miss draw again. The result is distributed exactly as
    nucleus sampling (Holtzman et al. 2020, https://arxiv.org/abs/1904.09751).
    """
    greedy = rows.temperature == 0
    tokens = logits.argmax(dim=-1)
    pending = torch.nonzero(~greedy).flatten()
    temperature = torch.where(greedy, 1.0, rows.temperature)
    probabilities = torch.softmax(logits / temperature[:, None], dim=-1)
    for draw in range(DRAWS - 1):
        if not len(pending):
            break
        among = probabilities if len(pending) == len(probabilities) else probabilities[pending]
        drawn = _inverse_cdf(among, uniform[pending, draw, None])[:, 0]
        likelier = among > among.gather(1, drawn[:, None])
        mass = torch.where(likelier, among, 0.0).sum(dim=-1)
        inside = (mass < rows.top_p[pending]) & (likelier.sum(dim=-1) < rows.top_k[pending])
        tokens[pending[inside]] = drawn[inside]
        pending = pending[~inside]
    if len(pending):
        tokens[pending] = _sorted_draw(
            probabilities[pending], rows.take(pending), uniform[pending, DRAWS - 1]
        )
    chosen = logits.gather(1, tokens[:, None]).squeeze(1)
    return tokens, chosen - torch.logsumexp(logits, dim=-1)


def sample_at_once(
    logits: torch.Tensor, rows: SamplingRows, uniform: torch.Tensor, *, sort: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `sample` returns, without ever asking the device how a try went.

    All tries are made together and each row takes its first that is inside. Rows that miss every
    one are sorted with `sort`; without it their token is -1.
    """
    greedy = rows.temperature == 0
    temperature = torch.where(greedy, 1.0, rows.temperature)
    probabilities = torch.softmax(logits / temperature[:, None], dim=-1)
    drawn = _inverse_cdf(probabilities, uniform[:, : DRAWS - 1])
    likelier = probabilities[:, None] > probabilities.gather(1, drawn)[:, :, None]
    mass = torch.where(likelier, probabilities[:, None], 0.0).sum(dim=-1)
    inside = (mass < rows.top_p[:, None]) & (likelier.sum(dim=-1) < rows.top_k[:, None])
    first = inside.int().argmax(dim=-1, keepdim=True)
    chosen = drawn.gather(1, first).squeeze(1)
    if sort:
        otherwise = _sorted_draw(probabilities, rows, uniform[:, DRAWS - 1])
    else:
        otherwise = torch.full_like(chosen, -1)
    tokens = torch.where(inside.any(dim=-1), chosen, otherwise)
    tokens = torch.where(greedy, logits.argmax(dim=-1), tokens)
    own = torch.log_softmax(logits, dim=-1)
    return tokens, own.gather(1, tokens.clamp(min=0)[:, None]).squeeze(1)


def _inverse_cdf(probabilities: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The token [n, k] at which each row's running sum passes each of its `uniform` [n, k].

    It is found block first, then token: two short sums keep float32 exact enough where one over
    the vocabulary would drift.
    """
    padding = -probabilities.shape[1] % _BLOCK
    padded = torch.nn.functional.pad(probabilities, (0, padding))
    blocks = padded.view(len(padded), -1, _BLOCK)
    sums = blocks.sum(dim=-1).cumsum(dim=-1)
    target = uniform * sums[:, -1:]
    block = (sums[:, None] <= target[:, :, None]).sum(dim=-1).clamp(max=sums.shape[1] - 1)
    before = torch.where(block > 0, sums.gather(1, (block - 1).clamp(min=0)), 0.0)
    inside = blocks.gather(1, block[:, :, None].expand(-1, -1, _BLOCK))
    running = inside.cumsum(dim=-1)
    # Rounding may leave the target just past the last token of the block that has any mass.
    last = (_BLOCK - 1) - (inside > 0).flip(-1).int().argmax(dim=-1)
    offset = torch.minimum((running <= (target - before)[:, :, None]).sum(dim=-1), last)
    tokens: torch.Tensor = block * _BLOCK + offset
    return tokens.clamp(max=probabilities.shape[1] - 1)


def _sorted_draw(
    probabilities: torch.Tensor, rows: SamplingRows, uniform: torch.Tensor
) -> torch.Tensor:
    """Nucleus sampling the plain way, for rows whose nucleus holds little of the mass."""
    ordered, order = probabilities.sort(dim=-1, descending=True)
    mass = ordered.cumsum(dim=-1) - ordered
    rank = torch.arange(ordered.shape[1], device=ordered.device)
    inside = (mass < rows.top_p[:, None]) & (rank < rows.top_k[:, None])
    place = _inverse_cdf(torch.where(inside, ordered, 0.0), uniform[:, None])
    return order.gather(1, place).squeeze(1)
