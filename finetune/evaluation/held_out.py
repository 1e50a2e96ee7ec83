"""The held-out jokes that versions are measured on, and the training jokes beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from finetune.corpus.corpus import open_corpus
from finetune.corpus.jokes import CorpusError, CorpusJoke, read_jokes
from finetune.novelty import NoveltyIndex

__all__ = ["FEWEST_HELD_OUT", "HeldOut", "open_held_out"]

FEWEST_HELD_OUT = 4
"""Held-out jokes without which nothing can be compared."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """`jokes` no version was taught; `train` is the file of those that were, where it is known."""

    jokes: Sequence[CorpusJoke]
    train: Path | None

    def training_jokes(self) -> Iterator[str] | None:
        """The texts of the training jokes, read anew each time. Raises `CorpusError`."""
        return (joke.text for joke in read_jokes(self.train)) if self.train else None

    @cached_property
    def novelty(self) -> NoveltyIndex | None:
        """The index of the training jokes. Raises `CorpusError`."""
        texts = self.training_jokes()
        return None if texts is None else NoveltyIndex.build(texts)


def open_held_out(path: Path) -> HeldOut:
    """Read a prepared corpus, or a file of held-out jokes alone. Raises `CorpusError`."""
    corpus = open_corpus(path) if path.is_dir() else None
    file = corpus.held_out if corpus else path
    jokes = list(read_jokes(file))
    if len(jokes) < FEWEST_HELD_OUT:
        noun = "joke" if len(jokes) == 1 else "jokes"
        raise CorpusError(
            f"{file} has {len(jokes)} {noun}, and at least {FEWEST_HELD_OUT} are needed to compare "
            "with; prepare more jokes."
        )
    return HeldOut(jokes=jokes, train=corpus.train if corpus else None)
