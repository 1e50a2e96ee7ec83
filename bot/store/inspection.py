"""A look at the database from outside, for `punchline doctor`."""

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.store.directory import DATABASE
from bot.store.errors import StoreError, unavailable
from bot.store.schema import Schema, read_schema, refuse_unusable

__all__ = ["DatabaseState", "inspect"]

_STEPS = 1_000  # of SQLite's virtual machine between two looks at the clock


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseState:
    """What `inspect` saw.

    `schema` is None when there is no database, or none that could be read; `sound` is SQLite's
    own check of the file; `problem` is one sentence about what keeps Punchline from using it.
    """

    path: Path
    exists: bool
    schema: Schema | None = None
    sound: bool = False
    jokes: int = 0
    votes: int = 0
    writable: bool = False
    problem: str | None = None


async def inspect(directory: Path, *, patience: float = 30.0) -> DatabaseState:
    """Look at the database in this directory; changes nothing and creates nothing.

    Gives up on checking a database that takes longer than `patience` seconds.
    """
    return await asyncio.to_thread(_inspect, directory / DATABASE, patience)


def _inspect(path: Path, patience: float) -> DatabaseState:
    if not path.exists():
        place = next(parent for parent in path.absolute().parents if parent.exists())
        writable = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
        problem = None if writable else f"Cannot create a database in {path.parent}."
        return DatabaseState(path=path, exists=False, writable=writable, problem=problem)
    writable = all(os.access(name, os.W_OK) for name in (path, path.parent))
    try:
        with closing(_open(path)) as connection:
            _limit(connection, patience)
            return _look(path, connection, writable=writable)
    except sqlite3.Error as error:
        problem = str(unavailable(error))
        return DatabaseState(path=path, exists=True, writable=writable, problem=problem)


def _open(path: Path) -> sqlite3.Connection:
    # Without a log nobody has the database open, and SQLite would create an empty log to read it:
    # "immutable" says not to.
    log = path.with_name(f"{path.name}-wal")
    options = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True)


def _limit(connection: sqlite3.Connection, patience: float) -> None:
    deadline = time.monotonic() + patience
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS)


def _look(path: Path, connection: sqlite3.Connection, *, writable: bool) -> DatabaseState:
    schema = read_schema(connection)
    try:
        refuse_unusable(schema, path)
    except StoreError as error:
        return DatabaseState(
            path=path, exists=True, schema=schema, writable=writable, problem=str(error)
        )
    sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    problem = None if writable else f"{path} cannot be written; check its permissions."
    if not sound:
        problem = f"{path} is damaged; stop Punchline and restore a backup."
    return DatabaseState(
        path=path,
        exists=True,
        schema=schema,
        sound=sound,
        jokes=_count(connection, "SELECT count(*) FROM jokes WHERE state = 'told'", schema),
        votes=_count(connection, "SELECT count(*) FROM votes WHERE value <> 0", schema),
        writable=writable,
        problem=problem,
    )


def _count(connection: sqlite3.Connection, query: str, schema: Schema) -> int:
    if schema is Schema.EMPTY:
        return 0
    count: int = connection.execute(query).fetchone()[0]
    return count
