"""Data sets of Hugging Face's `datasets`: saved directories and ids of the hub."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources.rows import Rows, joke_in

__all__ = ["hub_rows", "is_saved_data_set", "saved_rows"]

_MARKS = ("dataset_dict.json", "state.json")


def is_saved_data_set(directory: Path) -> bool:
    """Whether `save_to_disk` wrote this directory."""
    return any((directory / mark).is_file() for mark in _MARKS)


def saved_rows(directory: Path) -> Rows:
    """The jokes of a data set saved with `save_to_disk`, all splits. Raises `CorpusError`."""
    import datasets

    try:
        yield from _rows(datasets.load_from_disk(str(directory)))
    # What a damaged directory makes of the reader has no common base class.
    except Exception as error:
        raise CorpusError(f"{directory} is no readable data set: {_brief(error)}.") from None


def hub_rows(name: str) -> Rows:
    """The jokes of a data set on the hub, streamed, all splits. Raises `CorpusError`."""
    import datasets

    try:
        yield from _rows(datasets.load_dataset(name, streaming=True))
    # Refusals of the hub, the network and the reader have no common base class.
    except Exception as error:
        raise CorpusError(
            f"{name} is neither a file nor a data set that the hub gives us: {_brief(error)}."
        ) from None


def _rows(found: Any) -> Rows:
    splits: Iterable[Any] = (
        [found[name] for name in sorted(found)] if isinstance(found, Mapping) else [found]
    )
    for split in splits:
        yield from map(joke_in, split)


def _brief(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__).rstrip(".")[:200]
