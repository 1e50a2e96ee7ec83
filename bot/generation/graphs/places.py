"""What a running batch keeps on the device: one place a candidate, written in place only."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bot.generation.graphs.weights import StepWeights
from bot.generation.jobs import EngineJob
from bot.generation.sampling import DRAWS, SamplingRows

__all__ = ["Entry", "Places", "Prefix", "upload"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A candidate that joins: which one of its job it is."""

    job: EngineJob
    number: int


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """Keys and values [heads, tokens, size] of each layer for what most prompts begin with."""

    keys: list[torch.Tensor]
    values: list[torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Places:
    """Places 0 to n-1 are the running ones; the last one is nobody's and may be overwritten.

    `keys` and `values` are [slots + 1, heads, capacity, size] for each layer. Of each place:
    `tokens` was drawn last and goes to `positions` next, `made` is how many were drawn, `sums` the
    sum of the hidden states of those that were read, `uniforms` [capacity, DRAWS] its randomness.
    `count` says how many places a step may advance; those behind it only fill up its shape.
    `spare` is the position that no text reaches, where what fills up a shape is written.
    """

    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    tokens: torch.Tensor
    positions: torch.Tensor
    made: torch.Tensor
    sums: torch.Tensor
    uniforms: torch.Tensor
    settings: SamplingRows
    count: torch.Tensor
    spare: int

    @classmethod
    def empty(
        cls, weights: StepWeights, *, slots: int, capacity: int, sharing: "Places | None" = None
    ) -> "Places":
        """Fresh places; with `sharing` only the small tensors are new, keys and values the other's.

        Such places stand at the spare position, so that a step can be tried on them while the
        others run.
        """
        device, width = weights.embedding.device, weights.embedding.shape[1]
        spare = min(capacity - 1, weights.limit)
        shape = (slots + 1, weights.key_heads, capacity, weights.head_size)

        def caches() -> list[torch.Tensor]:
            return [
                torch.zeros(shape, dtype=weights.embedding.dtype, device=device)
                for _ in weights.layers
            ]

        def numbers(value: int = 0) -> torch.Tensor:
            return torch.full((slots + 1,), value, device=device)

        return cls(
            keys=sharing.keys if sharing else caches(),
            values=sharing.values if sharing else caches(),
            tokens=numbers(),
            positions=numbers(spare if sharing else 0),
            made=numbers(1),
            sums=torch.zeros((slots + 1, width), device=device),
            uniforms=torch.zeros((slots + 1, capacity, DRAWS), device=device),
            settings=SamplingRows(
                temperature=torch.ones(slots + 1, device=device),
                top_k=numbers(weights.vocabulary),
                top_p=torch.ones(slots + 1, device=device),
            ),
            count=numbers()[:1],
            spare=spare,
        )

    @property
    def nobody(self) -> int:
        """The place that belongs to nobody."""
        return len(self.tokens) - 1

    def join(self, entries: Sequence[Entry], *, first: int, vocabulary: int) -> None:
        """Give candidates the places from `first` on, as when their prompts have been read."""
        rows = slice(first, first + len(entries))
        jobs = [each.job for each in entries]
        upload(self.positions[rows], torch.tensor([len(job.prompt) for job in jobs]))
        self.made[rows] = 1
        self.sums[rows] = 0
        settings = SamplingRows.of(
            [(job.temperature, job.top_k, job.top_p) for job in jobs],
            vocabulary=vocabulary,
            device=torch.device("cpu"),
        )
        upload(self.settings.temperature[rows], settings.temperature)
        upload(self.settings.top_k[rows], settings.top_k)
        upload(self.settings.top_p[rows], settings.top_p)
        longest = max(job.max_tokens for job in jobs)
        uniforms = torch.zeros((len(entries), longest, DRAWS))
        for row, each in zip(uniforms, entries, strict=True):
            row[: each.job.max_tokens] = each.job.uniforms(each.number)
        upload(self.uniforms[rows, :longest], uniforms)

    def begin_with(self, prefix: Prefix, rows: Sequence[int]) -> None:
        """Let places begin with what has been read beforehand."""
        for caches, known in ((self.keys, prefix.keys), (self.values, prefix.values)):
            length = known[0].shape[1]
            torch._foreach_copy_(
                [cache[row, :, :length] for cache in caches for row in rows],
                [each for each in known for _ in rows],
            )

    def known(self, place: int, length: int) -> Prefix:
        """A copy of the first keys and values of a place."""
        return Prefix(
            keys=[cache[place, :, :length].clone() for cache in self.keys],
            values=[cache[place, :, :length].clone() for cache in self.values],
        )

    def move(self, *, source: int, target: int) -> None:
        """Put a candidate in the place of one that has left."""
        settings = self.settings
        for caches in (self.keys, self.values):
            torch._foreach_copy_(
                [each[target] for each in caches], [each[source] for each in caches]
            )
        for numbers in (
            *(self.tokens, self.positions, self.made, self.sums, self.uniforms),
            *(settings.temperature, settings.top_k, settings.top_p),
        ):
            numbers[target].copy_(numbers[source])

    def take_over(self, other: "Places") -> None:
        """Copy everything from places with less room."""
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine[tuple(map(slice, theirs.shape))].copy_(theirs)

    def _tensors(self) -> list[torch.Tensor]:
        settings = self.settings
        return [
            *self.keys,
            *self.values,
            *(self.tokens, self.positions, self.made, self.sums, self.uniforms),
            *(settings.temperature, settings.top_k, settings.top_p),
        ]


def upload(target: torch.Tensor, values: torch.Tensor) -> None:
    """Copy from the host into part of a tensor on the device, without waiting for it.

    Pinned memory is given back to its pool only after the copy, so nobody has to keep it.
    """
    source = values.pin_memory() if target.is_cuda else values
    target.copy_(source, non_blocking=True)
