"""What a row of any source has to offer."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["TEXT_COLUMNS", "RawJoke", "Rows", "Source", "joke_in", "no_text_column", "text_column"]

TEXT_COLUMNS = ("joke", "text", "body")
"""Columns that hold a joke, the likeliest first; case does not count."""

_RATING_COLUMNS = ("rating", "score")
_LONGEST_NAME = 40
_MOST_NAMES = 8
_DOTS = ("..", "…")
_DOT = ".… "
_OPEN_END = re.compile(r"(?:\.\.+|…)$")
_QUESTION = re.compile(r"(?:what|why|who|how|when|where|which)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawJoke:
    """A joke as it was found; `rating` is what readers gave it, in the source's own unit."""

    text: str
    rating: float | None = None


Rows = Iterator[RawJoke | None]
"""The rows of a source; None is one that is broken."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where jokes come from; `rows` begins at the first one and raises `CorpusError`."""

    name: str
    rows: Callable[[], Rows]


def text_column(columns: Iterable[Any]) -> str | None:
    """The column with the jokes."""
    known = {str(column).strip().lower(): str(column) for column in columns if column is not None}
    return next((known[name] for name in TEXT_COLUMNS if name in known), None)


def no_text_column(path: Path, columns: Iterable[str]) -> str:
    """The sentence for a table none of whose columns holds jokes."""
    found = ", ".join(column[:_LONGEST_NAME] for column in islice(columns, _MOST_NAMES))
    return (
        f"{path} has the columns {found}, but none named {', '.join(TEXT_COLUMNS)}; "
        "rename the one with the jokes."
    )


def joke_in(row: Any) -> RawJoke | None:
    """The joke of a row, its title put before its body; None when the row is broken.

    Where rows have a category, titles are headings and no part of the joke.
    """
    if not isinstance(row, Mapping):
        return None
    column = text_column(row)
    text = None if column is None else row[column]
    if not isinstance(text, str):
        return None
    cells = {str(name).strip().lower(): value for name, value in row.items()}
    title = cells.get("title")
    is_told = isinstance(title, str) and "category" not in cells
    rating = next((cells[name] for name in _RATING_COLUMNS if name in cells), None)
    return RawJoke(_joined(str(title), text) if is_told else text, _number(rating))


def _joined(title: str, body: str) -> str:
    """Title and body, of which either may repeat the other or go on where the other stops."""
    title, body = title.strip(), body.strip()
    if _letters(body).startswith(_letters(title)):
        return body or title
    if _letters(title).startswith(_letters(body)):
        return title
    if _OPEN_END.search(title) or body.startswith(_DOTS):
        return f"{title.rstrip(_DOT)} {body.lstrip(_DOT)}"
    if title[-1].isalnum() and not body[0].islower():
        title += "?" if _QUESTION.match(title) else "."
    return f"{title} {body}"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
