"""A directory that is written whole or not at all."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finetune.corpus.jokes import SUMMARY, CorpusError
from finetune.durable import sync

__all__ = ["replacing"]


@contextmanager
def replacing(directory: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary sibling that takes the directory's place when the block ends without an error.

    Raises `CorpusError` at once when something else is there, or a corpus and not `overwrite`.
    """
    directory = directory.absolute()
    _refuse_to_replace(directory, overwrite=overwrite)
    directory.parent.mkdir(parents=True, exist_ok=True)
    name = f".{directory.name}.{uuid.uuid4().hex}"
    temporary, former = directory.with_name(f"{name}.writing"), directory.with_name(f"{name}.old")
    temporary.mkdir()
    try:
        yield temporary
        for path in [*temporary.iterdir(), temporary]:
            sync(path)
        if directory.exists():
            directory.rename(former)
        temporary.rename(directory)
        sync(directory.parent)
    finally:
        for left in (temporary, former):
            shutil.rmtree(left, ignore_errors=True)


def _refuse_to_replace(directory: Path, *, overwrite: bool) -> None:
    if not directory.exists() or (directory.is_dir() and not any(directory.iterdir())):
        return
    if not (directory / SUMMARY).is_file():
        raise CorpusError(f"{directory} exists and is no prepared corpus; choose another --out.")
    if not overwrite:
        raise CorpusError(f"{directory} is a prepared corpus already; replace it with --overwrite.")
