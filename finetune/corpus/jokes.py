"""A joke of the corpus, and the prepared directory it is read from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["HELD_OUT", "SUMMARY", "TRAIN", "CorpusError", "CorpusJoke", "read_jokes"]

TRAIN = "train.jsonl"
HELD_OUT = "heldout.jsonl"
SUMMARY = "corpus.json"
"""The files of a prepared directory: one JSON object a line, and the table of what was done."""


class CorpusError(Exception):
    """A source or a prepared corpus that cannot be used; the message is one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusJoke:
    """One clean joke: `topics` are none to two words of its own, `rating` is the source's mean."""

    text: str
    topics: tuple[str, ...] = ()
    source: str = ""
    rating: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The object written on one line."""
        return {
            "text": self.text,
            "topics": self.topics,
            "source": self.source,
            "rating": self.rating,
        }


def read_jokes(path: Path) -> Iterator[CorpusJoke]:
    """The jokes of a prepared file, one at a time. Raises `CorpusError`."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _joke(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CorpusError(
            f"{path} cannot be read ({reason}); make it with: python -m finetune prepare"
        ) from None


def _joke(path: Path, number: int, line: str) -> CorpusJoke:
    try:
        content = json.loads(line)
        joke = CorpusJoke(**{**content, "topics": tuple(content.get("topics", ()))})
        if not isinstance(joke.text, str) or not joke.text:
            raise TypeError("a joke needs a text")
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise CorpusError(
            f"Line {number} of {path} is no joke of a prepared corpus; "
            "make the file with: python -m finetune prepare"
        ) from None
    return joke
