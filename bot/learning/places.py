"""Where a run keeps what it makes."""

import json
import shutil
from pathlib import Path
from typing import Any

__all__ = ["Places"]


class Places:
    """Where what a run makes is kept, below one directory."""

    def __init__(self, *, directory: Path) -> None:
        self.snapshots = directory / "snapshots"
        self._models = directory / "models"

    def version(self, name: str) -> Path:
        """The directory of a version."""
        return self._models / name

    def verdict(self, name: str) -> Path:
        """The directory with what the gate found of a version."""
        return self._models / f"{name}.verdict"

    def votes(self, snapshot: str) -> Path:
        """The votes a snapshot gives to learn from."""
        return self.snapshots / f"{snapshot}.jsonl"

    def held_out(self, snapshot: str) -> Path:
        """The votes a snapshot gives to judge by."""
        return self.snapshots / f"{snapshot}.held-out.jsonl"

    def described(self, snapshot: str) -> dict[str, Any]:
        """What is to be known of a snapshot. Raises `OSError` or `ValueError`."""
        content: dict[str, Any] = json.loads(
            (self.snapshots / f"{snapshot}.json").read_text(encoding="utf-8")
        )
        return content

    def clear(self, name: str) -> None:
        """Remove what training left beside a version, checkpoints above all."""
        for leftover in (".run", ".corpus"):
            shutil.rmtree(self._models / f"{name}{leftover}", ignore_errors=True)
