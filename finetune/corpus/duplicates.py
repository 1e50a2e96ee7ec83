"""Remembers the jokes seen so far, on disk, to know one that comes again."""

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from datasketch import MinHash

from finetune.corpus.bloom_filter import BloomFilter
from finetune.corpus.filters import Dropped
from finetune.moderation import fingerprint
from finetune.moderation.folding import plain_letters

__all__ = ["SeenJokes", "Sketch", "Sketcher"]

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
"""
_NEW_TREE = """
CREATE TABLE bands_{} (key INTEGER, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID
"""
_TREE_JOKES = 1 << 16
"""So many jokes' keys are some 40 MiB of the file: a tree that is mostly in memory as it grows."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a joke is compared by: its fingerprint, its bare words, and a key for each band."""

    fingerprint: str
    folded: str
    keys: Sequence[int]


class Sketcher:
    """Makes sketches; each needs nothing but its own text."""

    def __init__(self) -> None:
        self._minhash = MinHash(num_perm=_BANDS * _ROWS)

    def sketch(self, text: str) -> Sketch:
        """The sketch of a joke."""
        folded = _NO_LETTER.sub(" ", plain_letters(text)).strip() or text
        self._minhash.clear()
        self._minhash.update_batch([shingle.encode() for shingle in _shingles(folded)])
        values = self._minhash.hashvalues.reshape(_BANDS, _ROWS)
        keys = [_key(band, row.tobytes()) for band, row in enumerate(values)]
        return Sketch(fingerprint(text), folded, keys)


class SeenJokes:
    """The first of each group of near-equal jokes, in a SQLite file, so that memory stays flat.

    Two jokes are near duplicates when the Jaccard similarity of their sets of five letters in a
    row (case, accents and punctuation aside) is at least `similarity`. MinHash with banding
    (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) finds the
    candidates, whose similarity is then computed exactly. At most `cache_kib` of the file are kept
    in memory.

    Keys are random, and a single tree of them would be read and written all over the disk once it
    outgrows the memory. So they lie in trees of a bounded size, only the newest of which is
    written, and a filter (Bloom 1970) of fixed size says of most keys that no tree has them.
    """

    def __init__(self, *, file: Path, similarity: float, cache_kib: int = 32_768) -> None:
        self._similarity = similarity
        self._known = BloomFilter()
        self._trees = 0
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

    def add(self, joke: Sketch) -> Dropped | None:
        """Remember a joke, or say as which kind of duplicate it is to be dropped."""
        mark = bytes.fromhex(joke.fingerprint)
        known = self._database.execute("SELECT 1 FROM jokes WHERE fingerprint = ?", (mark,))
        if known.fetchone():
            return Dropped.DUPLICATE
        if self._has_near(joke):
            return Dropped.NEAR_DUPLICATE
        self._remember(joke, mark)
        return None

    def _remember(self, joke: Sketch, mark: bytes) -> None:
        number = self._database.execute(
            "INSERT INTO jokes (fingerprint, folded) VALUES (?, ?)", (mark, joke.folded)
        ).lastrowid
        if number is None:
            raise ValueError("SQLite numbers every row it inserts")
        if number > self._trees * _TREE_JOKES:
            self._database.execute(_NEW_TREE.format(self._trees))
            self._trees += 1
        self._database.executemany(
            f"INSERT OR IGNORE INTO bands_{self._trees - 1} VALUES (?, ?)",  # noqa: S608 - a number
            [(key, number) for key in joke.keys],
        )
        self._known.add(joke.keys)

    def _has_near(self, joke: Sketch) -> bool:
        own = _shingles(joke.folded)
        for number in self._candidates(joke):
            found = self._database.execute("SELECT folded FROM jokes WHERE number = ?", (number,))
            theirs = _shingles(found.fetchone()[0])
            if len(own & theirs) >= self._similarity * len(own | theirs):
                return True
        return False

    def _candidates(self, joke: Sketch) -> list[int]:
        """The numbers of the jokes that share most keys with this one, the first ones of equals."""
        keys = json.dumps([key for key in joke.keys if key in self._known])
        if keys == "[]":
            return []
        shared: Counter[int] = Counter()
        for tree in range(self._trees):
            rows = self._database.execute(
                f"SELECT number FROM bands_{tree} "  # noqa: S608 - a number
                "WHERE key IN (SELECT value FROM json_each(?))",
                (keys,),
            )
            shared.update(number for (number,) in rows)
        return sorted(shared, key=lambda number: (-shared[number], number))[:_MOST_CANDIDATES]


def _shingles(folded: str) -> set[str]:
    return {folded[at : at + _LETTERS] for at in range(max(1, len(folded) - _LETTERS + 1))}


def _key(band: int, values: bytes) -> int:
    digest = hashlib.blake2b(values, digest_size=8, salt=band.to_bytes(2))
    return int.from_bytes(digest.digest(), signed=True)
