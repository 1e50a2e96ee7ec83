"""The few shapes in which a step runs, so that each can be recorded once and for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Shape", "Shapes"]

_BLOCK = 64
_LENGTHS = (64, 128, 192, 256)
_WIDTHS = (16, 32, 64, 128)
_SPARSE = 4


class Kind(StrEnum):
    """What a step does: draw one token for each row, the same with a sort, or read prompts."""

    DECODE = "decode"
    SORT = "sort"
    READ = "read"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`extent` is how many positions a decoding step looks at, or how many tokens are read."""

    kind: Kind
    rows: int
    extent: int


class Shapes:
    """All shapes for up to `slots` rows and texts of up to `longest` tokens.

    Rows come in powers of two, of four where prompts are read. A shape with more rows or a greater
    extent than needed gives the same result, it only takes longer. Sorting is rare and so looks at
    every position.
    """

    def __init__(self, *, slots: int, longest: int) -> None:
        self.capacity = -(-(longest + 1) // _BLOCK) * _BLOCK
        self._rows = _up_to(slots, factor=2)
        self._reading_rows = _up_to(slots, factor=_SPARSE)
        self._lengths = _lengths(self.capacity)
        self.widths = [each for each in _WIDTHS if each < self.capacity]

    def decoding(self, rows: int, *, length: int) -> Shape:
        """To extend `rows` texts, none of which will be longer than `length`."""
        return Shape(
            kind=Kind.DECODE,
            rows=_least(self._rows, rows),
            extent=_least(self._lengths, length),
        )

    def sorting(self, rows: int) -> Shape:
        """To extend `rows` texts and draw for certain."""
        return Shape(kind=Kind.SORT, rows=_least(self._rows, rows), extent=self.capacity)

    def reading(self, rows: int, *, width: int) -> Shape:
        """To read pieces of `rows` prompts, the longest of which has `width` tokens."""
        return Shape(
            kind=Kind.READ,
            rows=_least(self._reading_rows, rows),
            extent=_least(self.widths, width),
        )

    def __iter__(self) -> Iterator[Shape]:
        """Every shape, the usual ones of few rows first."""
        for rows in self._rows:
            for length in self._lengths:
                yield Shape(kind=Kind.DECODE, rows=rows, extent=length)
            if rows in self._reading_rows:
                for width in self.widths:
                    yield Shape(kind=Kind.READ, rows=rows, extent=width)
        for rows in self._rows:
            yield self.sorting(rows)


def _up_to(slots: int, *, factor: int) -> list[int]:
    rows = [1]
    while rows[-1] * factor < slots:
        rows.append(rows[-1] * factor)
    return [*rows, slots] if slots > 1 else rows


def _lengths(capacity: int) -> list[int]:
    lengths = list(_LENGTHS)
    while lengths[-1] < capacity:
        lengths.append(2 * lengths[-1])
    return [*(each for each in lengths if each < capacity), capacity]


def _least(sizes: Sequence[int], needed: int) -> int:
    """The smallest size that is enough; the largest if none is."""
    return next((size for size in sizes if size >= needed), sizes[-1])
