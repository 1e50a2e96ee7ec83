"""JSON: an array of objects, such as the files of taivop's data set, or an object a line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources.rows import RawJoke, Rows, joke_in
from finetune.corpus.sources.text_files import mended, opened

__all__ = ["json_rows"]

_CHUNK = 1 << 16
_LONGEST_ROW = 1 << 20
_BETWEEN = re.compile(r"[\s,]*")
_NEXT_ROW = re.compile(r"[,\n]\s*(?=\{)")


def json_rows(path: Path) -> Rows:
    """The jokes of a JSON file, read piece by piece. Raises `CorpusError`."""
    with opened(path) as text:
        start = text.read(_CHUNK).lstrip()
        if start[:1] not in ("[", "{"):
            raise CorpusError(f"{path} is no JSON: it begins with neither [ nor {{.")
        text.seek(0)
        rows = _array(text) if start[0] == "[" else map(_parsed, _lines(text))
        for row in rows:
            found = joke_in(row)
            yield None if found is None else RawJoke(mended(found.text), found.rating)


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(_LONGEST_ROW):
        if line.strip():
            yield line


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _array(text: TextIO) -> Iterator[Any]:
    """The members of an array; None for one that cannot be read, after which the next is sought."""
    decode = json.JSONDecoder().raw_decode
    waiting = text.read(_CHUNK).lstrip()[1:]
    while True:
        waiting = waiting[_BETWEEN.match(waiting).end() :]  # type: ignore[union-attr]
        more = text.read(_CHUNK) if len(waiting) < _CHUNK else ""
        waiting += more
        if waiting.startswith("]") or not waiting.strip(" \t\r\n,"):
            return
        row, end = None, 0
        while not end:
            try:
                row, end = decode(waiting)
            except (ValueError, RecursionError):
                more = text.read(_CHUNK) if len(waiting) < _LONGEST_ROW else ""
                waiting += more
                if not more:
                    following = _NEXT_ROW.search(waiting, 1)
                    end = following.end() if following else len(waiting)
        yield row
        waiting = waiting[end:]
