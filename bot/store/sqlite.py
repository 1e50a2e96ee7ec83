"""SQLite: one connection that writes, and a few that only read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.backend import READERS, Among

__all__ = ["SqliteBackend"]

T = TypeVar("T")

_CACHE_KIB = 32 * 1024
"""Pages that the writer keeps at hand. SQLite's usual 2 MiB hold too few of a busy minute's jokes:
counting those for a quota would read them from the log again and again."""


class SqliteBackend:
    """Implements `bot.store.backend.Backend`. Every write is alone: SQLite knows no other way.

    Another process is waited for up to `busy_timeout` seconds.
    """

    def __init__(self, *, path: Path, busy_timeout: float, deadline: float) -> None:
        url = sa.URL.create("sqlite", database=str(path))
        shared: dict[str, Any] = {
            "connect_args": {"timeout": busy_timeout},
            "hide_parameters": True,
            "max_overflow": 0,
            "pool_timeout": deadline,
        }
        self._writer = sa.create_engine(url, pool_size=1, **shared)
        sa.event.listen(self._writer, "connect", _prepare_writer)
        sa.event.listen(self._writer, "begin", _begin_immediate)
        # Each read is a single statement, which sees one state of the database without a BEGIN.
        self._readers = sa.create_engine(
            url,
            pool_size=READERS,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            **shared,
        )
        sa.event.listen(self._readers, "connect", _prepare_reader)

    def write(self, work: Callable[[sa.Connection], T], among: Among) -> T:
        with self._writer.begin() as connection:
            return work(connection)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        with self._readers.connect() as connection:
            return work(connection)

    def dispose(self) -> None:
        """The last connection to close folds the log into the database."""
        self._readers.dispose()
        self._writer.dispose()


def _prepare_writer(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: we begin them, and at once for writing.
    # One that starts by reading can fail at its first write however long it is willing to wait.
    connection.isolation_level = None
    _set(connection, "foreign_keys=ON", "synchronous=FULL", f"cache_size=-{_CACHE_KIB}")


def _prepare_reader(connection: Any, _record: object) -> None:
    _set(connection, "query_only=ON")


def _set(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
