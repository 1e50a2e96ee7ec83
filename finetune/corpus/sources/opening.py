"""Finds the reader for a source."""

import re
from collections.abc import Callable
from pathlib import Path

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources.csv_files import csv_rows
from finetune.corpus.sources.data_sets import hub_rows, is_saved_data_set, saved_rows
from finetune.corpus.sources.json_files import json_rows
from finetune.corpus.sources.parquet_files import parquet_rows
from finetune.corpus.sources.rows import Rows, Source

__all__ = ["open_source"]

_READERS: dict[str, Callable[[Path], Rows]] = {
    ".csv": csv_rows,
    ".tsv": csv_rows,
    ".json": json_rows,
    ".jsonl": json_rows,
    ".ndjson": json_rows,
    ".parquet": parquet_rows,
}
_HUB_ID = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)?")


def open_source(name: str) -> list[Source]:
    """The sources a word of the command line stands for: a file, a directory or an id of the hub.

    Raises `CorpusError`; what is wrong inside a file shows when its rows are read.
    """
    path = Path(name)
    if path.is_dir():
        return _directory(path)
    if path.exists() or path.suffix.lower() in _READERS:
        return [_file(path)]
    if not _HUB_ID.fullmatch(name):
        raise CorpusError(f"{name} does not exist.")
    return [Source(name=name, rows=lambda: hub_rows(name))]


def _file(path: Path) -> Source:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise CorpusError(f"{path} is of no known kind; known are {', '.join(_READERS)}.")
    if not path.is_file():
        raise CorpusError(f"{path} does not exist.")
    return Source(name=path.name, rows=lambda: reader(path))


def _directory(path: Path) -> list[Source]:
    if is_saved_data_set(path):
        return [Source(name=path.name, rows=lambda: saved_rows(path))]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _READERS)
    if not files:
        raise CorpusError(
            f"{path} is no saved data set and has no file of a known kind ({', '.join(_READERS)})."
        )
    return [_file(file) for file in files]
