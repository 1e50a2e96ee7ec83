"""The key/value cache of a running batch: one row a candidate, joined and left at any step."""

from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

__all__ = ["SlotCache"]

_GROWTH = 128


@dataclass(kw_only=True)
class _Step:
    """Which part of the cache a decoding step reads and where it writes."""

    rows: torch.Tensor
    positions: torch.Tensor
    length: int


class _SlotLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer: `keys` and `values` are [slots, heads, capacity, dimension]."""

    def __init__(self, *, keys: torch.Tensor, values: torch.Tensor, step: _Step) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys: torch.Tensor = keys
        self.values: torch.Tensor = values
        self.step = step
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: the tensors exist from the start."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write each row's new token at its own position; return what all rows may look at."""
        step = self.step
        self.keys[step.rows, :, step.positions] = key_states[:, :, 0]
        self.values[step.rows, :, step.positions] = value_states[:, :, 0]
        count = len(step.rows)
        return self.keys[:count, :, : step.length], self.values[:count, :, : step.length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.step.length, 0

    def get_seq_length(self) -> int:
        return self.step.length - 1

    def get_max_length(self) -> int:
        return -1


class SlotCache:
    """Preallocated rows for up to `slots` candidates; rows 0 to n-1 are always the running ones.

    A candidate that leaves is replaced by the last row, so a step reads one dense block and
    copies nothing.
    """

    def __init__(self, *, slots: int) -> None:
        self._slots = slots
        self._capacity = 0
        self._layers: list[_SlotLayer] = []
        self._step = _Step(rows=torch.empty(0), positions=torch.empty(0), length=0)
        self._cache = Cache(layers=cast(Any, self._layers))

    def admit(
        self, prefilled: DynamicCache, *, sources: list[int], first_row: int, length: int
    ) -> None:
        """Copy rows `sources` of a prefilled batch into the rows from `first_row` on.

        `length` is how many tokens the longest of them will ever have.
        """
        filled: list[Any] = list(prefilled.layers)
        self._grow(filled, length)
        index = torch.tensor(sources, device=filled[0].keys.device)
        rows = slice(first_row, first_row + len(sources))
        for layer, ready in zip(self._layers, filled, strict=True):
            tokens = ready.keys.shape[2]
            layer.keys[rows, :, :tokens] = ready.keys[index]
            layer.values[rows, :, :tokens] = ready.values[index]

    def move(self, *, source: int, target: int) -> None:
        """Put a row in the place of one that has left."""
        for layer in self._layers:
            layer.keys[target] = layer.keys[source]
            layer.values[target] = layer.values[source]

    def stepping(self, *, positions: torch.Tensor, length: int) -> Cache:
        """The cache to hand to a model for one token in each row, at `positions` [n]."""
        self._step.rows = torch.arange(len(positions), device=positions.device)
        self._step.positions = positions
        self._step.length = length
        return self._cache

    def tensors(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values of each layer, [slots, heads, capacity, dimension]."""
        return [(layer.keys, layer.values) for layer in self._layers]

    def _grow(self, filled: list[Any], length: int) -> None:
        tokens = max(length, filled[0].keys.shape[2])
        if tokens <= self._capacity:
            return
        self._capacity = -(-tokens // _GROWTH) * _GROWTH
        old = list(self._layers)
        self._layers.clear()
        for number, ready in enumerate(filled):
            grown = [self._room(ready.keys), self._room(ready.values)]
            if old:
                for new, before in zip(grown, (old[number].keys, old[number].values), strict=True):
                    new[:, :, : before.shape[2]] = before
            self._layers.append(_SlotLayer(keys=grown[0], values=grown[1], step=self._step))

    def _room(self, like: torch.Tensor) -> torch.Tensor:
        _, heads, _, dimension = like.shape
        return like.new_zeros((self._slots, heads, self._capacity, dimension))
