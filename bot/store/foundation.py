"""What has to be in place before a store can open: key, schema, registration."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bot.store.backend import Backend
from bot.store.directory import DATABASE, exclusive, make_directory
from bot.store.errors import StoreError, unavailable
from bot.store.identity import MemberHasher, member_key
from bot.store.instances import Instances
from bot.store.owners import Owner, Owners
from bot.store.schema import upgrade
from bot.store.sqlite import SqliteBackend

__all__ = ["Foundation", "lay_foundation"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """A migrated database, the members' key, and this process among the living."""

    backend: Backend
    hasher: MemberHasher
    owner: Owner
    owners: Owners


def lay_foundation(
    directory: Path, *, url: sa.URL | None, busy_timeout: float, deadline: float
) -> Foundation:
    """Create or bring up to date what is in the directory, and the database at the URL if given.

    Blocks, so it belongs in a thread. Raises `StoreError` when a person has to do something, and
    `StoreUnavailable` when trying again may help.
    """
    make_directory(directory)
    if url is not None:
        # Here, so that without PostgreSQL nobody waits for its driver to be loaded.
        from bot.store.postgres_foundation import lay_postgres_foundation

        return lay_postgres_foundation(
            directory, url=url, busy_timeout=busy_timeout, deadline=deadline
        )
    path = directory / DATABASE
    instances = Instances(directory=directory)
    with exclusive(directory):
        hasher = MemberHasher(key=member_key(directory))
        _create(path)
        upgrade(path, busy_timeout=busy_timeout)
        _turn_on_write_ahead_log(path, busy_timeout=busy_timeout)
        instances.sweep()
        return Foundation(
            backend=SqliteBackend(path=path, busy_timeout=busy_timeout, deadline=deadline),
            hasher=hasher,
            owner=instances.register(),
            owners=instances,
        )


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"Cannot open {path} for writing: {error.strerror}.") from error


def _turn_on_write_ahead_log(path: Path, *, busy_timeout: float) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=busy_timeout)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    except sqlite3.Error as error:
        raise unavailable(error) from error
    if mode != "wal":
        raise StoreError(
            f"SQLite cannot keep a write-ahead log in {path.parent}; choose a directory on a"
            " local disk."
        )
