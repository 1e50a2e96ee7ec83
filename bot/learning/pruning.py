"""Old versions make room; what processes that were killed have left behind goes as well."""

import asyncio
import logging
import shutil
import time
import uuid
from collections.abc import Collection
from pathlib import Path

from bot.store.version_port import MadeVersion, Roles, Versions, VersionState
from bot.versions import version_directory
from finetune.artifacts import BrokenVersionError
from finetune.durable import sync

__all__ = ["Pruning", "sweep"]

_REMOVING = ".removing"
_WRITING = ".writing"
_ABANDONED_SECONDS = 600.0

_log = logging.getLogger("punchline.learning")


class Pruning:
    """Removes the files of versions in `models`: all but the newest `keep` that have no role."""

    def __init__(self, *, versions: Versions, models: Path, keep: int) -> None:
        self._versions = versions
        self._models = models
        self._keep = keep

    async def prune(self, roles: Roles, *, live: Collection[str]) -> bool:
        """Remove what is too old; never a version with a role, a pool or a run that goes on.

        Returns False when something has to wait until its pool is closed. Raises
        `StoreUnavailable`.
        """
        run = await self._versions.going_on()
        needed = {roles.origin, roles.champion, roles.challenger, roles.previous}
        needed |= {run.parent, run.version} if run is not None else set()
        kept = [version for version in await self._versions.all() if version.kept]
        spare = [version for version in kept if version.name not in needed]
        old = [version for version in spare[self._keep :] if _is_done_with(version)]
        for version in old:
            if version.name not in live:
                await self._remove(version.name)
        return not any(version.name in live for version in old)

    async def sweep(self) -> None:
        """Remove what killed processes left half written or half removed."""
        await asyncio.to_thread(sweep, self._models)

    async def _remove(self, name: str) -> None:
        try:
            directory = version_directory(self._models, name)
            await asyncio.to_thread(_remove, directory)
        except (OSError, BrokenVersionError) as error:
            _log.warning("%s cannot be removed: %s", name, error)
            return
        # Only then: what is written down as removed must not be found again after a crash.
        await self._versions.mark(name, kept=False)
        _log.info("Removed the files of %s, which is old and serves no more.", name)


def sweep(models: Path, *, abandoned_seconds: float = _ABANDONED_SECONDS) -> None:
    """Remove leftovers; one that is being written is left to its process for a while."""
    for leftover in models.glob(f".*{_REMOVING}"):
        shutil.rmtree(leftover, ignore_errors=True)
    now = time.time()
    for leftover in models.glob(f".*{_WRITING}"):
        try:
            touched = max(path.stat().st_mtime for path in [leftover, *leftover.rglob("*")])
        except OSError:  # its process has just finished it
            continue
        if now - touched > abandoned_seconds:
            shutil.rmtree(leftover, ignore_errors=True)


def _is_done_with(version: MadeVersion) -> bool:
    """Whether nothing more will become of a version."""
    return version.state is not VersionState.CANDIDATE


def _remove(directory: Path) -> None:
    """Take a version away in one rename, so that it is never there in part."""
    if not directory.exists():
        return
    aside = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}{_REMOVING}")
    directory.rename(aside)
    sync(directory.parent)
    shutil.rmtree(aside, ignore_errors=True)
