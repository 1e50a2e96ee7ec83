"""What a row of any source has to offer."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TEXT_COLUMNS", "RawJoke", "Rows", "Source", "joke_in", "text_column"]

TEXT_COLUMNS = ("joke", "text", "body")
"""Columns that hold a joke, the likeliest first; case does not count."""

_RATING_COLUMNS = ("rating", "score")
_LONGEST_TITLE_REPEAT = 0.9


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


def joke_in(row: Any) -> RawJoke | None:
    """The joke of a row, its title put before its body; None when the row is broken."""
    if not isinstance(row, Mapping):
        return None
    column = text_column(row)
    text = None if column is None else row[column]
    if not isinstance(text, str):
        return None
    cells = {str(name).strip().lower(): value for name, value in row.items()}
    title = cells.get("title")
    rating = next((cells[name] for name in _RATING_COLUMNS if name in cells), None)
    return RawJoke(_joined(title if isinstance(title, str) else "", text), _number(rating))


def _joined(title: str, body: str) -> str:
    """A title that the body repeats is left out; one that goes on in the body is completed by it."""
    title, body = title.strip(), body.strip()
    if not title or _letters(body).startswith(_letters(title)):
        return body or title
    if _letters(title).startswith(_letters(body)):
        return title
    is_open = title[-1].isalnum() and (body[0].isupper() or not body[0].isalpha())
    return f"{title.rstrip('.…') if title.endswith(('...', '…')) else title}{'.' if is_open else ''} {body.lstrip('.… ')}"


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
