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
_MEMBER = re.compile(r"[^\s,]")
_NEXT_OBJECT = re.compile(r"[,\n]\s*(?=\{)")


def json_rows(path: Path) -> Rows:
    """The jokes of a JSON file, read piece by piece. Raises `CorpusError`."""
    with opened(path) as text:
        start = text.read(_CHUNK).lstrip()
        if start[:1] not in ("[", "{"):
            raise CorpusError(f"{path} is no JSON: it begins with neither [ nor {{.")
        text.seek(0)
        rows = _Members(text) if start[0] == "[" else map(_parsed, _lines(text))
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


class _Members:
    """The members of an array one by one; of the text only the next few are in memory.

    A member that cannot be read comes as None, and the next is looked for where an object begins.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting = text.read(_CHUNK).lstrip().removeprefix("[")
        self._at = 0

    def __iter__(self) -> Iterator[Any]:
        while self._comes_another():
            yield self._member()

    def _comes_another(self) -> bool:
        while True:
            start = _MEMBER.search(self._waiting, self._at)
            if start:
                self._at = start.start()
                return start[0] != "]"
            self._at = len(self._waiting)
            if not self._read_on():
                return False

    def _member(self) -> Any:
        while True:
            try:
                member, self._at = json.JSONDecoder().raw_decode(self._waiting, self._at)
            except (ValueError, RecursionError):
                is_whole = len(self._waiting) - self._at >= _LONGEST_ROW
                if is_whole or not self._read_on():
                    following = _NEXT_OBJECT.search(self._waiting, self._at + 1)
                    self._at = following.end() if following else len(self._waiting)
                    return None
            else:
                return member

    def _read_on(self) -> bool:
        more = self._text.read(_CHUNK)
        self._waiting = self._waiting[self._at :] + more
        self._at = 0
        return bool(more)
