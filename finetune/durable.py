"""Files that are on disk when we say so, and whole or not there."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["sha256_of", "sync", "temporary_sibling", "write_whole"]


def sha256_of(path: Path) -> str:
    """The sha256 of a file in hexadecimal digits. Raises `OSError`."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def temporary_sibling(directory: Path) -> Iterator[Path]:
    """A new directory to be renamed to this one; it goes with the block if it still is there."""
    temporary = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}.writing")
    temporary.mkdir()
    try:
        yield temporary
    finally:
        if temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the disk keep a file's contents, or a directory's entries. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that others see all of it or none. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.writing")
    try:
        # A lone surrogate in a joke is no character and must not lose the whole file.
        encoded = content.encode(errors="replace") if isinstance(content, str) else content
        temporary.write_bytes(encoded)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
