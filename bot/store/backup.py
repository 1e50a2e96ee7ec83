"""Copies of the database: taken while the bot runs, and put back while it does not."""

import asyncio
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.store.directory import (
    DATABASE,
    exclusive,
    make_directory,
    sync_directory,
    sync_file,
)
from bot.store.errors import StoreError, is_damage, unavailable
from bot.store.instances import Instances
from bot.store.schema import Schema, read_schema, refuse_unusable, upgrade

__all__ = ["backup", "restore"]

_PAGES = 4096  # copied between two looks at whether to stop
_BUSY_TIMEOUT = 5.0
_KEPT = f"{DATABASE}.before-restore"


async def backup(*, database: Path, target: Path) -> None:
    """Write a consistent copy of the database to a new file, while the bot runs or not.

    The copy is checked and on disk when this returns; until then `target` does not exist. The
    key in `member.key` is not in it and has to be kept as well, or nobody's votes can be
    recognised after a restore. Raises `StoreError`, or `StoreUnavailable` when the disk is full.
    """
    stop = threading.Event()
    copying = asyncio.ensure_future(asyncio.to_thread(_backup, database, target, stop))
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(copying, return_exceptions=True)
        raise


def restore(*, source: Path, directory: Path) -> None:
    """Put a backup in place of the directory's database, which is kept beside it.

    Requests that were waiting when the backup was taken are closed: they have been answered, or
    lost, long ago. Raises `StoreError` when the source is no sound backup, when a bot is running
    on the directory, or when an earlier database is still kept there; nothing is changed then.
    """
    make_directory(directory)
    with exclusive(directory):
        if Instances(directory=directory).any_alive():
            raise StoreError(f"Punchline is running on {directory}; stop it, then restore.")
        kept = directory / _KEPT
        if kept.exists():
            raise StoreError(f"{kept} is there from an earlier restore; move it away first.")
        with _beside(directory / DATABASE) as copy:
            _copy(source, copy, threading.Event(), if_damaged="use another backup")
            upgrade(copy, busy_timeout=_BUSY_TIMEOUT)
            _close_requests(copy)
            sync_file(copy)
            _set_aside(directory / DATABASE, kept)
            copy.replace(directory / DATABASE)
        sync_directory(directory)


def _backup(database: Path, target: Path, stop: threading.Event) -> None:
    _refuse_existing(target)
    with _beside(target) as copy:
        _copy(database, copy, stop, if_damaged="stop Punchline and restore an earlier backup")
        sync_file(copy)
        _refuse_existing(target)
        if not stop.is_set():
            copy.replace(target)
            sync_directory(target.parent)


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise StoreError(f"{target} exists already; choose another name or move it away.")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new file next to `path`, removed at the end unless it was renamed."""
    copy = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield copy
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        copy.unlink(missing_ok=True)


def _copy(source: Path, copy: Path, stop: threading.Event, *, if_damaged: str) -> None:
    """Fill `copy` with the state of `source` at one moment; raises `StoreError` if it is unfit."""
    if not source.is_file():
        raise StoreError(f"There is no database at {source}.")

    def look(_status: int, _remaining: int, _total: int) -> None:
        if stop.is_set():
            raise InterruptedError(0, "the backup was cancelled")

    try:
        with (
            closing(_open(source, "rw" if os.access(source, os.W_OK) else "ro")) as original,
            closing(_open(copy, "rw")) as duplicate,
        ):
            schema = read_schema(original)
            refuse_unusable(Schema.FOREIGN if schema is Schema.EMPTY else schema, source)
            # One read transaction for the whole copy, or every commit would start it afresh.
            original.execute("BEGIN")
            original.execute("SELECT count(*) FROM alembic_version").fetchone()
            original.backup(duplicate, pages=_PAGES, progress=look)
            # A copy that is one file, without a log beside it.
            duplicate.execute("PRAGMA journal_mode=DELETE").fetchone()
            found = duplicate.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        if not is_damage(error):
            raise unavailable(error) from error
        found = str(error)
    if found != "ok":
        raise StoreError(f"{source} is damaged; {if_damaged}.")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_TIMEOUT,
        isolation_level=None,
    )


def _close_requests(copy: Path) -> None:
    try:
        with closing(_open(copy, "rw")) as connection:
            connection.execute(
                "UPDATE jokes SET state = 'declined', reason = 'lost', owner = NULL,"
                " address = NULL WHERE state = 'pending'"
            )
    except sqlite3.Error as error:
        raise unavailable(error) from error


def _set_aside(database: Path, kept: Path) -> None:
    """Keep the present database under another name, so that at no moment there is none."""
    if not database.exists():
        return
    try:
        with closing(_open(database, "rw")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        pass  # too damaged for that; its log is kept beside it instead
    os.link(database, kept)
    log = database.with_name(f"{database.name}-wal")
    if log.exists():
        log.replace(kept.with_name(f"{kept.name}-wal"))
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    sync_directory(database.parent)
