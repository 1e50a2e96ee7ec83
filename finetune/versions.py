"""Finds what a person names: a model version, the one that ships with Punchline, or a base."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from finetune.artifacts import MANIFEST, Manifest, is_adapter, read_manifest
from finetune.conversion import prepare
from finetune.models import LoadedModel, load_model
from finetune.progress import Progress
from finetune.shipped import SHIPPED, shipped_version

__all__ = ["Found", "find_version", "open_version"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where a version's files are, and its base's if it is an adapter; a base has no manifest."""

    name: str
    directory: Path
    base_directory: Path | None
    manifest: Manifest | None


def find_version(name: str, *, cache: Path, progress: Progress, revision: str = "") -> Found:
    """A version's directory, `punchline-starter`, or the name of a base, which is made ready.

    Raises `BrokenVersionError` or `BaseModelError`.
    """
    directory = shipped_version() if name == SHIPPED else Path(name).expanduser()
    token = os.environ.get("PUNCHLINE_HUB__TOKEN")
    if not (directory / MANIFEST).is_file():
        base = prepare(name, cache=cache, revision=revision, token=token, progress=progress)
        return Found(name=name, directory=base, base_directory=None, manifest=None)
    manifest = read_manifest(directory)
    base_directory = None
    if is_adapter(directory):
        recorded = str(manifest.recipe.get("revision", ""))
        base_directory = prepare(
            manifest.base, cache=cache, revision=recorded, token=token, progress=progress
        )
    return Found(
        name=manifest.version,
        directory=directory,
        base_directory=base_directory,
        manifest=manifest,
    )


def open_version(
    name: str, *, cache: Path, device: torch.device, dtype: torch.dtype, progress: Progress
) -> LoadedModel:
    """Load what `find_version` finds. Raises `BrokenVersionError` or `BaseModelError`."""
    found = find_version(name, cache=cache, progress=progress)
    return load_model(
        found.directory,
        name=found.name,
        device=device,
        dtype=dtype,
        base_directory=found.base_directory,
    )
