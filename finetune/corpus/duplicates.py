"""Remembers the jokes seen so far, on disk, to know one that comes again."""

import hashlib
import json
import re
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from datasketch import MinHash

from finetune.corpus.filters import Dropped
from finetune.moderation import fingerprint
from finetune.moderation.folding import plain_letters

__all__ = ["SeenJokes"]

# Finds 96 % of the pairs with a similarity of 0.5 and 99.7 % of those with 0.6.
_BANDS = 24
_ROWS = 3
_LETTERS = 5
_MOST_CANDIDATES = 50
_NO_LETTER = re.compile(r"[\W_]+")

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
CREATE TABLE jokes (number INTEGER PRIMARY KEY, fingerprint BLOB UNIQUE, folded TEXT);
CREATE TABLE bands (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID;
"""
_CANDIDATES = """
SELECT folded FROM jokes WHERE number IN (
    SELECT number FROM bands WHERE key IN (SELECT value FROM json_each(?))
    GROUP BY number ORDER BY COUNT(*) DESC, number LIMIT ?
)
"""


class SeenJokes:
    """The first of each group of near-equal jokes, in a SQLite file, so that memory stays flat.

    Two jokes are near duplicates when the Jaccard similarity of their sets of five letters in a
    row (case, accents and punctuation aside) is at least `similarity`. MinHash with banding
    (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) finds the
    candidates, whose similarity is then computed exactly. At most `cache_kib` of the file are kept
    in memory.
    """

    def __init__(self, *, file: Path, similarity: float, cache_kib: int = 32_768) -> None:
        self._similarity = similarity
        self._sketch = MinHash(num_perm=_BANDS * _ROWS)
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute(f"PRAGMA cache_size = -{cache_kib}")
        self._database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, text: str) -> Dropped | None:
        """Remember a joke, or say as which kind of duplicate it is to be dropped."""
        mark = bytes.fromhex(fingerprint(text))
        known = self._database.execute("SELECT 1 FROM jokes WHERE fingerprint = ?", (mark,))
        if known.fetchone():
            return Dropped.DUPLICATE
        folded = _NO_LETTER.sub(" ", plain_letters(text)).strip() or text
        keys = self._keys(folded)
        if self._has_near(folded, keys):
            return Dropped.NEAR_DUPLICATE
        number = self._database.execute(
            "INSERT INTO jokes (fingerprint, folded) VALUES (?, ?)", (mark, folded)
        ).lastrowid
        self._database.executemany(
            "INSERT OR IGNORE INTO bands VALUES (?, ?)", [(key, number) for key in keys]
        )
        return None

    def _has_near(self, folded: str, keys: list[int]) -> bool:
        own = _shingles(folded)
        for (other,) in self._database.execute(_CANDIDATES, (json.dumps(keys), _MOST_CANDIDATES)):
            theirs = _shingles(other)
            if len(own & theirs) >= self._similarity * len(own | theirs):
                return True
        return False

    def _keys(self, folded: str) -> list[int]:
        self._sketch.clear()
        self._sketch.update_batch([shingle.encode() for shingle in _shingles(folded)])
        values = self._sketch.hashvalues.reshape(_BANDS, _ROWS)
        return [_key(band, row.tobytes()) for band, row in enumerate(values)]


def _shingles(folded: str) -> set[str]:
    return {folded[at : at + _LETTERS] for at in range(max(1, len(folded) - _LETTERS + 1))}


def _key(band: int, values: bytes) -> int:
    digest = hashlib.blake2b(values, digest_size=8, salt=band.to_bytes(2))
    return int.from_bytes(digest.digest(), signed=True)
