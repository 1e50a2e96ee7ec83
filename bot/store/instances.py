"""Which bot processes are alive: each holds a lock on a file of its own until it ends."""

import fcntl
import os
import re
import secrets
from collections.abc import Collection
from pathlib import Path

from bot.store.errors import StoreError

__all__ = ["Instance", "Instances"]

_ID = re.compile(r"[0-9a-f]{16}")
_SUFFIX = ".lock"


class Instance:
    """One open store: the owner of the requests it is answering."""

    def __init__(self, *, id: str, path: Path, descriptor: int) -> None:
        self.id = id
        self._path = path
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give up ownership; what is still pending can be adopted by others."""
        if self._descriptor is None:
            return
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


class Instances:
    """Implements `bot.store.owners.Owners` with the lock files under `instances/`.

    The kernel drops the lock of a process however it ends, so a stale file never looks alive.
    A child that is started by exec does not inherit the lock.
    """

    def __init__(self, *, directory: Path) -> None:
        self._directory = directory / "instances"

    def register(self) -> Instance:
        """A new instance with an id nobody had before. Call it under the directory's lock.

        Raises `StoreError` when the lock file cannot be written.
        """
        id = secrets.token_hex(8)
        path = self._path(id)
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise StoreError(f"Cannot write in {self._directory}: {error.strerror}.") from error
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Instance(id=id, path=path, descriptor=descriptor)

    def alive(self, owner: str) -> bool:
        """Whether the process behind this id still runs."""
        if not _ID.fullmatch(owner):
            return False
        try:
            descriptor = os.open(self._path(owner), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            # A shared lock: two processes that look at the same moment don't see each other.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def dead(self, owners: Collection[str]) -> list[str]:
        """Those whose process is gone."""
        return [owner for owner in owners if not self.alive(owner)]

    def any_alive(self) -> bool:
        """Whether any process has the store open."""
        return any(self.alive(path.stem) for path in self._files())

    def sweep(self) -> None:
        """Remove the files of processes that are gone. Call it under the directory's lock."""
        for path in self._files():
            if not self.alive(path.stem):
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{_SUFFIX}"))

    def _path(self, id: str) -> Path:
        return self._directory / f"{id}{_SUFFIX}"
