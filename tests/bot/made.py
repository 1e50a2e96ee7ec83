"""Versions made here, as files and as rows: copies of a tiny one under other names."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from bot.store.version_port import MadeVersion, VersionState
from finetune.artifacts import MANIFEST

__all__ = ["copy_version", "version_row"]


def copy_version(source: Path, models: Path, name: str) -> Path:
    """A whole version of this name in `models`, with the weights of another."""
    directory = models / name
    shutil.copytree(source, directory)
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    content = json.dumps({**manifest, "version": name})
    (directory / MANIFEST).write_text(content, encoding="utf-8")
    return directory


def version_row(
    name: str,
    parent: str = "tiny",
    state: VersionState = VersionState.PASSED,
    *,
    day: int = 1,
    kept: bool = True,
) -> MadeVersion:
    """What the store notes of a version made on a day of a month."""
    return MadeVersion(
        name=name,
        parent=parent,
        state=state,
        snapshot="votes-1",
        votes=3,
        created_at=datetime(2024, 1, day, tzinfo=UTC),
        kept=kept,
    )
