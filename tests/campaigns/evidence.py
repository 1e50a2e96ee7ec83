"""Reads the database from outside, as SQLite itself sees it: what really is on disk."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.store.directory import DATABASE
from bot.store.identity import MemberHasher, member_key

__all__ = ["Evidence"]


class Evidence:
    """The database in a store's directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def sound(self) -> bool:
        """Whether SQLite's full check finds nothing."""
        return self._rows("PRAGMA integrity_check") == [("ok",)]

    def states(self, *, after: int = 0) -> Counter[str]:
        """How many requests with a number above `after` are pending, told and declined."""
        query = "SELECT state, count(*) FROM jokes WHERE id > ? GROUP BY state"
        return Counter(dict(self._rows(query, after)))

    def newest(self) -> int:
        """The highest joke number, 0 when there is none."""
        number: int | None = self._rows("SELECT max(id) FROM jokes")[0][0]
        return number or 0

    def told(self) -> list[int]:
        """The numbers of all told jokes."""
        return [row[0] for row in self._rows("SELECT id FROM jokes WHERE state = 'told'")]

    def votes(self) -> dict[tuple[int, str], int]:
        """Every vote, by joke number and hashed member."""
        query = "SELECT joke_id, member, value FROM votes"
        return {(joke, member): value for joke, member, value in self._rows(query)}

    def missing_votes(self, acknowledged: Mapping[tuple[int, str], int], *, front: str) -> int:
        """How many of these votes, by joke number and member, are not on disk as they were cast."""
        hasher = MemberHasher(key=member_key(self._directory))
        kept = self.votes()
        return sum(
            kept.get((joke, hasher.hash(front, member))) != value
            for (joke, member), value in acknowledged.items()
        )

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        address = (self._directory / DATABASE).resolve().as_uri()
        with closing(sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()
