"""Whole jokes packed into sequences of one length, without one joke seeing another.

Each joke counts its positions from 0 again. transformers reads from such positions where one text
ends and lets no token attend across (`masking_utils.find_packed_sequence_indices`);
`keeps_apart` asks a model whether it really does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch

from finetune.training.examples import Example

__all__ = [
    "IGNORED",
    "Sequences",
    "alone",
    "blank",
    "by_length",
    "collate",
    "keeps_apart",
    "on_device",
    "pack",
]

IGNORED = -100
"""The label of a token that does not count in the loss."""

_OPEN_ROWS = 48
"""Sequences kept open for the next jokes; more waste less room and take longer to search."""

_WINDOW = 64
"""Jokes that are sorted before they are packed, so that short ones fill what long ones leave."""

_TOLERANCE = 0.2
"""Of the standard deviation of the logits: far above rounding, far below what a leak does."""


@dataclass(eq=False)
class _Row:
    examples: list[Example] = field(default_factory=list)
    tokens: int = 0

    def add(self, example: Example) -> None:
        self.examples.append(example)
        self.tokens += len(example)


@dataclass(kw_only=True)
class Sequences:
    """Packed rows, each a list of token ids, positions and labels of the same length."""

    input_ids: list[list[int]] = field(default_factory=list)
    position_ids: list[list[int]] = field(default_factory=list)
    labels: list[list[int]] = field(default_factory=list)
    too_long: int = 0

    def columns(self) -> dict[str, list[list[int]]]:
        """What a dataset is made of."""
        return {
            "input_ids": self.input_ids,
            "position_ids": self.position_ids,
            "labels": self.labels,
        }

    def tokens(self) -> int:
        """Tokens in all rows, without padding."""
        return sum(map(len, self.input_ids))


def pack(examples: Iterable[Example], *, length: int, together: bool) -> Sequences:
    """Fill sequences of at most `length` tokens, each joke into the fullest one it still fits.

    An example longer than a sequence is left out and counted. With `together` false every
    sequence holds one joke, in the order they came.
    """
    packed = Sequences()
    rows: list[_Row] = []
    for example in _longest_first(examples) if together else examples:
        if len(example) > length:
            packed.too_long += 1
            continue
        fitting = [row for row in rows if row.tokens + len(example) <= length and together]
        row = max(fitting, key=lambda row: row.tokens, default=None)
        if row is None:
            row = _Row()
            rows.append(row)
        row.add(example)
        if len(rows) > _OPEN_ROWS:
            fullest = max(rows, key=lambda row: row.tokens)
            rows.remove(fullest)
            _close(packed, fullest)
    for row in rows:
        _close(packed, row)
    return packed


def _longest_first(examples: Iterable[Example]) -> Iterator[Example]:
    """Window by window, so that any number of jokes can be packed as they are read."""
    coming = iter(examples)
    while window := list(islice(coming, _WINDOW)):
        yield from sorted(window, key=len, reverse=True)


def _close(packed: Sequences, row: _Row) -> None:
    ids: list[int] = []
    positions: list[int] = []
    labels: list[int] = []
    for example in row.examples:
        ids += [*example.prompt, *example.joke]
        positions += range(len(example))
        labels += [IGNORED] * len(example.prompt) + example.joke
    packed.input_ids.append(ids)
    packed.position_ids.append(positions)
    packed.labels.append(labels)


def alone(example: Example) -> dict[str, list[int]]:
    """The columns of one row that holds one joke."""
    packed = pack([example], length=len(example), together=False)
    return {name: rows[0] for name, rows in packed.columns().items()}


def blank(pad_id: int) -> dict[str, list[int]]:
    """A row that says nothing, for a worker that has nothing to read while others do."""
    return {
        "input_ids": [pad_id] * 2,
        "position_ids": [0, 1],
        "labels": [IGNORED] * 2,
    }


def collate(
    rows: Sequence[Mapping[str, list[int]]], *, pad_id: int, length: int = 0
) -> dict[str, torch.Tensor]:
    """Rows padded to the longest, or to `length` if that is longer: three tensors [rows, length].

    Padding is a text of its own, at the end, where nothing can see it.
    """
    length = max(length, *(len(row["input_ids"]) for row in rows))

    def padded(column: str, value: int) -> torch.Tensor:
        return torch.tensor(
            [[*row[column], *[value] * (length - len(row[column]))] for row in rows]
        )

    positions = [[*row["position_ids"], *range(length - len(row["position_ids"]))] for row in rows]
    return {
        "input_ids": padded("input_ids", pad_id),
        "position_ids": torch.tensor(positions),
        "labels": padded("labels", IGNORED),
    }


def on_device(
    rows: Sequence[Mapping[str, list[int]]], *, pad_id: int, device: torch.device, length: int = 0
) -> dict[str, torch.Tensor]:
    """The tensors of `collate` where a model is."""
    batch = collate(rows, pad_id=pad_id, length=length)
    return {name: tensor.to(device) for name, tensor in batch.items()}


def by_length(rows: Sequence[Mapping[str, list[int]]], *, size: int) -> Iterator[list[int]]:
    """The places of rows, `size` at once, those of like length together, so little is padded."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]["input_ids"]))
    for start in range(0, len(order), size):
        yield order[start : start + size]


@torch.no_grad()
def keeps_apart(model: Any, first: Example, second: Example) -> bool:
    """Whether the second of two packed jokes gets the logits that it gets alone.

    The second is the shorter one, for longer ones are packed first.
    """
    first, second = sorted((first, second), key=len, reverse=True)
    together = pack([first, second], length=len(first) + len(second), together=True)

    def logits(sequences: Sequences) -> torch.Tensor:
        batch = {
            name: torch.tensor(rows, device=model.device)
            for name, rows in sequences.columns().items()
            if name != "labels"
        }
        result: torch.Tensor = model(**batch, use_cache=False).logits[0, -len(second) :]
        return result.float()

    was_training = model.training
    model.eval()
    try:
        expected = logits(pack([second], length=len(second), together=True))
        worst = (logits(together) - expected).abs().max().item()
    finally:
        model.train(was_training)
    return worst <= _TOLERANCE * expected.std().item()
