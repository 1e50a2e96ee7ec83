"""Weights at a URL that all nodes reach: put there once, fetched to each node once, and checked."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.generation.cluster.application import Kept
from bot.generation.cluster.locking import locked
from finetune.artifacts import MANIFEST, BrokenVersionError, read_manifest, verify
from finetune.durable import sha256_of, sync, temporary_sibling

__all__ = ["DepotError", "fetched", "kept", "put"]

_LIST = "files.json"
"""Written last at the URL: what is there without it is not whole. It maps paths to sha256."""

_DIGITS = 12


class DepotError(Exception):
    """The URL cannot be read or written; the message is one sentence for a person."""


def kept(directory: Path, *, url: str) -> Kept:
    """How nodes come by a directory. Raises `BrokenVersionError` or `OSError`.

    Its key changes with its files; without a URL it is the directory's own path.
    """
    if not url:
        return Kept(path=str(directory), key=_fingerprint(directory))
    return Kept(path=str(directory), key=f"{directory.name}-{_fingerprint(directory)}", url=url)


def put(what: Kept) -> bool:
    """Copy a directory to its URL unless it is there already; returns whether it was copied.

    Raises `DepotError` or `BrokenVersionError`.
    """
    if not what.url:
        return False
    directory = Path(what.path)
    with _explained(what.url):
        files, root = _filesystem(what.url)
        target = f"{root}/{what.key}"
        if files.exists(f"{target}/{_LIST}"):
            return False
        sums = _sums(directory)
        for name in sums:
            files.makedirs(f"{target}/{name}".rpartition("/")[0], exist_ok=True)
            files.put_file(str(directory / name), f"{target}/{name}")
        with files.open(f"{target}/{_LIST}", "wb") as stream:
            stream.write(json.dumps(sums, indent=1).encode())
    return True


def fetched(what: Kept, *, cache: Path) -> Path:
    """Where the files are on this node, fetched and checked first if they are not here yet.

    Several processes of a node may ask at the same time; one fetches. Raises `DepotError`, or
    `BrokenVersionError` for files that are not what was put there.
    """
    if not what.url:
        return Path(what.path)
    place = cache / "versions"
    place.mkdir(parents=True, exist_ok=True)
    target = place / what.key
    with locked(place / f".{what.key}.lock"):
        if not target.is_dir():
            _fetch(what, target)
    return target


def _fetch(what: Kept, target: Path) -> None:
    with temporary_sibling(target) as temporary:
        with _explained(what.url):
            files, root = _filesystem(what.url)
            source = f"{root}/{what.key}"
            if not files.exists(f"{source}/{_LIST}"):
                raise DepotError(f"There is no {what.key} at {what.url}.")
            with files.open(f"{source}/{_LIST}", "rb") as stream:
                sums = json.loads(stream.read())
            for name, expected in sums.items():
                _fetch_file(files, f"{source}/{name}", _inside(temporary, name), expected)
        if (temporary / MANIFEST).is_file():
            verify(temporary)
        for path in [*temporary.rglob("*"), temporary]:
            sync(path)
        temporary.rename(target)
        sync(target.parent)


def _fetch_file(files: Any, source: str, target: Path, expected: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    files.get_file(source, str(target))
    if sha256_of(target) != expected:
        raise BrokenVersionError(f"{source} is damaged: its sha256 is not the recorded one.")


def _inside(directory: Path, name: str) -> Path:
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()):
        raise BrokenVersionError(f"{_LIST} names a file outside its directory: {name}.")
    return path


def _fingerprint(directory: Path) -> str:
    """The manifest's, which has the sums of all files; a directory without one is read whole."""
    if (directory / MANIFEST).is_file():
        digest = hashlib.sha256((directory / MANIFEST).read_bytes())
    else:
        digest = hashlib.sha256(json.dumps(_sums(directory)).encode())
    return digest.hexdigest()[:_DIGITS]


def _sums(directory: Path) -> dict[str, str]:
    """Every file of a version that its manifest lists, or every file where there is none."""
    if (directory / MANIFEST).is_file():
        listed = dict(read_manifest(directory).files)
        return {**listed, MANIFEST: sha256_of(directory / MANIFEST)}
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): sha256_of(path) for path in files}


def _filesystem(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    files, root = url_to_fs(url)
    return files, root.rstrip("/")


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Whatever a file system of the many there are can raise, in one sentence."""
    try:
        yield
    except (DepotError, BrokenVersionError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DepotError(
            f"The versions at {url} (ray.models_url) cannot be used: {reason}"
        ) from error
