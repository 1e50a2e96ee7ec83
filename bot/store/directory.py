"""The directory that holds the database, and the lock under which one program prepares it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.store.errors import StoreError
from bot.store.port import StoreUnavailable

__all__ = ["DATABASE", "exclusive", "make_directory", "sync_directory", "sync_file"]

DATABASE = "punchline.db"
_LOCK = "prepare.lock"
_PAUSE = 0.02
_PATIENCE = 30.0


def make_directory(directory: Path) -> None:
    """Create the directory for its owner alone; one that exists keeps its permissions.

    Raises `StoreError` when it cannot be created or is not a directory.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"Cannot create the directory {directory}: {error.strerror}.") from error


@contextmanager
def exclusive(directory: Path, *, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the directory's lock: nobody else starts, migrates or restores meanwhile.

    Blocks up to `patience` seconds, so it belongs in a thread; the kernel frees the lock of a
    process that dies. Raises `StoreUnavailable` when the lock stays taken.
    """
    try:
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"Cannot write in {directory}: {error.strerror}.") from error
    try:
        deadline = time.monotonic() + patience
        while not _taken(lock):
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"Another Punchline is busy preparing {directory}; try again in a moment."
                )
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_file(path: Path) -> None:
    """Wait until the file's content is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Wait until the directory's names are on disk, after a file was created or renamed in it."""
    sync_file(directory)
