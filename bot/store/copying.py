"""Everything from one database into another, in pages, counted and summed up on both sides."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.directory import DATABASE, exclusive, make_directory
from bot.store.errors import StoreError, unavailable
from bot.store.identity import KEY_FILE, MemberHasher, keep_key, member_key
from bot.store.instances import Instances
from bot.store.location import place_of
from bot.store.marks import not_housekeeping
from bot.store.postgres_foundation import check_key, prepared_engine
from bot.store.schema import HOLD_SCHEMA, upgrade, upgrade_postgres
from bot.store.sessions import SessionOwners
from bot.store.tables import metadata, notes

__all__ = ["Copied", "copy_database", "upgrade_database"]

_PAGE = 1_000
_BUSY_TIMEOUT = 5.0
_SUMS = 1 << 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """A table that is the same on both sides now: so many rows, and their sum in hexadecimal."""

    table: str
    rows: int
    checksum: str


def copy_database(
    source: Path | sa.URL,
    target: Path | sa.URL,
    *,
    key_directory: Path,
    say: Callable[[Copied], None],
    page: int = _PAGE,
) -> None:
    """Copy all rows into a database that has none, and read them again there to compare.

    A path is a directory with a SQLite database and the members' key; the key for databases on
    PostgreSQL is in `key_directory`. `page` rows travel at a time, and `say` hears of each table.
    All is one transaction of the target, so that what fails leaves no row there. Raises
    `StoreError` when a person has to do something, `StoreUnavailable` when trying again may help.
    """
    if source == target:
        raise StoreError("Source and target are the same database; name two.")
    home = source if isinstance(source, Path) else key_directory
    if isinstance(source, Path) and not (source / DATABASE).is_file():
        raise StoreError(f"There is no database at {source / DATABASE}.")
    if not (home / KEY_FILE).is_file():
        raise StoreError(f"There is no {KEY_FILE} in {home}; bring the one that belongs to it.")
    key = member_key(home)
    try:
        with _opened(source) as origin, _opened(target) as goal:
            for connection in (origin, goal):
                if connection.dialect.name == "postgresql":
                    check_key(connection, MemberHasher(key=key), home)
            _refuse_filled(goal, target)
            for table in metadata.sorted_tables:
                say(_copy(origin, goal, table, page))
            if isinstance(target, Path):
                keep_key(target, key)
            else:
                _count_on(goal)
            goal.commit()
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error


def upgrade_database(database: Path | sa.URL) -> None:
    """Bring the schema up to date, or make it; raises what `copy_database` raises."""
    try:
        with _opened(database):
            return
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error


@contextmanager
def _opened(database: Path | sa.URL) -> Iterator[sa.Connection]:
    """A connection that sees one state of the database, brought up to date.

    Raises `StoreError` when a bot has it open; none can open it meanwhile.
    """
    if isinstance(database, Path):
        with _opened_file(database) as connection:
            yield connection
    else:
        with _opened_on_server(database) as connection:
            yield connection


@contextmanager
def _opened_file(directory: Path) -> Iterator[sa.Connection]:
    make_directory(directory)
    with exclusive(directory):
        _refuse_running(Instances(directory=directory).any_alive(), str(directory))
        path = directory / DATABASE
        path.touch(mode=0o600)
        upgrade(path, busy_timeout=_BUSY_TIMEOUT)
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            connect_args={"timeout": _BUSY_TIMEOUT},
            hide_parameters=True,
            poolclass=sa.NullPool,
        )
        with engine.connect() as connection:
            yield connection


@contextmanager
def _opened_on_server(url: sa.URL) -> Iterator[sa.Connection]:
    with prepared_engine(url).connect() as connection:
        # Held by the session, which ends with the connection; who starts waits for it.
        connection.exec_driver_sql(HOLD_SCHEMA)
        connection.commit()
        _refuse_running(SessionOwners(url=url).any_alive(), place_of(url))
        with connection.begin():
            upgrade_postgres(connection, place=place_of(url))
        yield connection.execution_options(isolation_level="REPEATABLE READ")


def _refuse_running(running: bool, place: str) -> None:
    if running:
        raise StoreError(f"Punchline is running on {place}; stop it first.")


def _refuse_filled(goal: sa.Connection, target: Path | sa.URL) -> None:
    for table in metadata.sorted_tables:
        if goal.execute(_rows(table).limit(1)).first() is not None:
            place = target if isinstance(target, Path) else place_of(target)
            raise StoreError(f"{place} holds {table.name} already; name an empty database.")


def _copy(origin: sa.Connection, goal: sa.Connection, table: sa.Table, page: int) -> Copied:
    read = _Summed(table)
    for rows in _pages(origin, table, page):
        goal.execute(sa.insert(table), read.add(rows))
    written = _Summed(table)
    for rows in _pages(goal, table, page):
        written.add(rows)
    if read.copied != written.copied:
        raise StoreError(
            f"{table.name} came out different: {read.copied.rows} rows were read and"
            f" {written.copied.rows} are there, or a value has changed; nothing was kept."
        )
    return read.copied


class _Summed:
    """Counts rows and adds up their hashes, so that the order of rows does not matter."""

    def __init__(self, table: sa.Table) -> None:
        self._table = table
        self._rows = 0
        self._sum = 0

    @property
    def copied(self) -> Copied:
        return Copied(table=self._table.name, rows=self._rows, checksum=f"{self._sum:064x}")

    def add(self, page: Sequence[sa.RowMapping]) -> list[dict[str, Any]]:
        """Take in a page, and return it as it is inserted."""
        rows = [dict(row) for row in page]
        for row in rows:
            content = json.dumps(row, sort_keys=True, default=_plain).encode()
            self._sum += int.from_bytes(hashlib.sha256(content).digest())
        self._sum %= _SUMS
        self._rows += len(rows)
        return rows


def _pages(
    connection: sa.Connection, table: sa.Table, page: int
) -> Iterator[Sequence[sa.RowMapping]]:
    found = connection.execute(
        _rows(table), execution_options={"stream_results": True, "yield_per": page}
    )
    return found.mappings().partitions()


def _rows(table: sa.Table) -> sa.Select[Any]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    # Those are about the database itself and the processes that have it open.
    return query.where(not_housekeeping()) if table is notes else query


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} is no value of a column")


def _count_on(goal: sa.Connection) -> None:
    """Let the next row of each table be numbered after the last."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            following = sa.func.coalesce(sa.func.max(column), 0) + 1
            goal.execute(sa.select(sa.func.setval(sequence, following, sa.false())))
