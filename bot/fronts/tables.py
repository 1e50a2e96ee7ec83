"""Small tables of text, for where every character is as wide as the next."""

from collections.abc import Collection, Sequence

__all__ = ["aligned", "shortened"]

_GAP = "  "
_ELLIPSIS = "…"


def aligned(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """One line a row, its cells in columns; those named in `right` end at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP.join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def shortened(text: str, limit: int) -> str:
    """The text on one line, in at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _ELLIPSIS
