"""Model versions on disk: written atomically, verified before use, never pickle.

A version is a directory with safetensors weights, a tokenizer and `punchline.json`, the manifest.
This module does not import torch, so the bot process may use it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from finetune.durable import sha256_of, sync, temporary_sibling

__all__ = [
    "ADAPTER_CONFIG",
    "ADAPTER_WEIGHTS",
    "MANIFEST",
    "SCHEMA",
    "BrokenVersionError",
    "Manifest",
    "is_adapter",
    "read_manifest",
    "slug",
    "verify",
    "write_version",
]

MANIFEST = "punchline.json"
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""The files of an adapter, as peft names them."""
SCHEMA = 1


class BrokenVersionError(Exception):
    """A model version that must not be served; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What `punchline.json` says about a version; `files` maps relative paths to sha256."""

    version: str
    base: str
    template: dict[str, Any]
    parent: str | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA


def slug(name: str) -> str:
    """A name for directories and lineage: letters, digits, dots and dashes only."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "model"


def write_version(
    *, directory: Path, manifest: Manifest, fill: Callable[[Path], None]
) -> tuple[Path, Manifest]:
    """Let `fill` write the files of a version, then make all of it visible in one rename.

    Everything is written to a temporary sibling and fsynced first, so a crash at any moment
    leaves either no version or a whole one. When another process finished the same version
    meanwhile, its copy is kept. Raises `OSError` when the disk refuses.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with temporary_sibling(directory) as temporary:
        fill(temporary)
        files = {
            path.relative_to(temporary).as_posix(): sha256_of(path) for path in _files(temporary)
        }
        complete = replace(manifest, files=files)
        text = json.dumps(asdict(complete), indent=2, ensure_ascii=False) + "\n"
        (temporary / MANIFEST).write_text(text, encoding="utf-8")
        for path in [*temporary.rglob("*"), temporary]:
            sync(path)
        try:
            temporary.rename(directory)
        except OSError:
            if not (directory / MANIFEST).is_file():
                raise
            return directory, read_manifest(directory)
        sync(directory.parent)
    return directory, complete


def read_manifest(directory: Path) -> Manifest:
    """Read a version's manifest. Raises `BrokenVersionError`."""
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        schema = content["schema"]
        if not isinstance(schema, int) or schema > SCHEMA:
            raise BrokenVersionError(
                f"{directory} was written by a newer Punchline (schema {schema}); please upgrade."
            )
        manifest = _typed(Manifest(**content))
    except FileNotFoundError as error:
        raise BrokenVersionError(f"{directory} has no {MANIFEST}.") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenVersionError(f"{path} cannot be read: {error}.") from error
    return manifest


def _typed(manifest: Manifest) -> Manifest:
    """The manifest when its parts are what they should be. Raises `TypeError`."""
    objects = (manifest.template, manifest.recipe, manifest.data, manifest.metrics, manifest.files)
    if not all(isinstance(each, dict) for each in objects):
        raise TypeError("template, recipe, data, metrics and files must be objects")
    texts = (manifest.version, manifest.base, *manifest.files.values())
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("version, base and checksums must be text")
    return manifest


def is_adapter(directory: Path) -> bool:
    """Whether a version holds a LoRA adapter, which needs its base to be loaded."""
    return (directory / ADAPTER_CONFIG).is_file()


def verify(directory: Path) -> Manifest:
    """Compare every file of a version with its sha256. Raises `BrokenVersionError`."""
    manifest = read_manifest(directory)
    if not manifest.files:
        raise BrokenVersionError(f"{directory / MANIFEST} lists no files.")
    for name, expected in manifest.files.items():
        try:
            _verify_file(directory, name, expected)
        except (OSError, ValueError, RuntimeError) as error:
            raise BrokenVersionError(f"{directory} cannot be checked: {error}.") from error
    return manifest


def _verify_file(directory: Path, name: str, expected: str) -> None:
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()):
        raise BrokenVersionError(f"{directory / MANIFEST} names a file outside its directory.")
    if not path.is_file():
        raise BrokenVersionError(f"{path} is missing.")
    if sha256_of(path) != expected:
        raise BrokenVersionError(f"{path} is damaged: its sha256 is not the recorded one.")


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())
