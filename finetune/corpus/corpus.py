"""A prepared corpus on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError
from finetune.durable import sha256_of

__all__ = ["SCHEMA", "Corpus", "open_corpus"]

SCHEMA = 1

_REMEDY = "make it again with: python -m finetune prepare"


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A verified corpus: its two files of jokes and the saved table of how they came to be."""

    directory: Path
    train: Path
    held_out: Path
    summary: Mapping[str, Any]


def open_corpus(directory: Path) -> Corpus:
    """The corpus in a directory, its files compared with the recorded sha256.

    Raises `CorpusError`.
    """
    path = directory / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        schema, recorded = summary["schema"], summary["sha256"]
        expected = {directory / name: recorded[name] for name in (TRAIN, HELD_OUT)}
    except FileNotFoundError:
        raise CorpusError(f"{directory} is no prepared corpus: it has no {SUMMARY}.") from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CorpusError(f"{path} is damaged; {_REMEDY}") from None
    if schema != SCHEMA:
        raise CorpusError(f"{directory} was prepared by another Punchline; {_REMEDY}")
    for file, fingerprint in expected.items():
        try:
            found = sha256_of(file)
        except OSError as error:
            raise CorpusError(f"{file} cannot be read: {error.strerror or error}.") from None
        if found != fingerprint:
            raise CorpusError(f"{file} was changed since it was prepared; {_REMEDY}")
    train, held_out = expected
    return Corpus(directory=directory, train=train, held_out=held_out, summary=summary)
