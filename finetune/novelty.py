"""Finds what a model has copied from its training jokes, with a few bytes for each run of words.

This module does not import torch, so the bot process may use it.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from finetune.artifacts import BrokenVersionError
from finetune.words import words

__all__ = ["NOVELTY", "RUN_WORDS", "NoveltyIndex"]

NOVELTY = "novelty.safetensors"
"""The file of a model version that holds the index of what the version was taught."""

RUN_WORDS = 8
_BYTES = 5
# The name says what was hashed, so an index made in another way is never searched in vain.
_TENSOR = f"runs_of_{RUN_WORDS}_words"


class NoveltyIndex:
    """The runs of eight words that stand in the training jokes, as sorted 40-bit hashes.

    A joke of fewer words counts as one run of its own. Case, accents, punctuation and apostrophes
    do not matter. With n runs a run that was never seen is taken for a copied one with probability
    n / 2**40: for the 340,000 runs of 30,000 short jokes (1.7 MB) once in three million runs, or
    once in about 250,000 jokes.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self._hashes = hashes

    @classmethod
    def build(cls, texts: Iterable[str]) -> "NoveltyIndex":
        """Index the training jokes; of all the texts only eight bytes a run are ever in memory."""
        hashes = array("Q")
        for text in texts:
            hashes.extend(_hashes(text))
        return cls(np.unique(np.frombuffer(hashes, dtype=np.uint64)))

    @classmethod
    def of_version(cls, directory: Path) -> "NoveltyIndex | None":
        """What a version was taught, or None where it came without. Raises `BrokenVersionError`."""
        path = directory / NOVELTY
        return cls.load(path) if path.is_file() else None

    @classmethod
    def load(cls, path: Path) -> "NoveltyIndex":
        """Read an index. Raises `BrokenVersionError`."""
        try:
            stored = load_file(path)[_TENSOR]
            if stored.dtype != np.uint8 or stored.ndim != 2 or stored.shape[1] != _BYTES:  # noqa: PLR2004
                raise ValueError("it has another form")
            wide = np.zeros((len(stored), 8), dtype=np.uint8)
            wide[:, -_BYTES:] = stored
            hashes = wide.view(">u8").ravel().astype(np.uint64)
            if np.any(hashes[1:] <= hashes[:-1]):
                raise ValueError("it is out of order")
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise BrokenVersionError(
                f"{path} is no index of training jokes ({error}); train the version again."
            ) from error
        return cls(hashes)

    def joined(self, other: "NoveltyIndex") -> "NoveltyIndex":
        """An index of the jokes of both."""
        return NoveltyIndex(np.union1d(self._hashes, other._hashes))

    def save(self, path: Path) -> None:
        """Write the index as a safetensors file of `len(self)` times five bytes."""
        narrow = self._hashes.astype(">u8").view(np.uint8).reshape(-1, 8)[:, -_BYTES:]
        save_file({_TENSOR: np.ascontiguousarray(narrow)}, path)

    def __len__(self) -> int:
        return len(self._hashes)

    def runs_of(self, text: str) -> list[bool]:
        """For each run of eight words of a text, in order, whether the training jokes have it."""
        asked = np.fromiter(_hashes(text), dtype=np.uint64)
        if not len(self._hashes):
            return [False] * len(asked)
        places = np.searchsorted(self._hashes, asked).clip(max=len(self._hashes) - 1)
        found: list[bool] = (self._hashes[places] == asked).tolist()
        return found

    def copies(self, text: str, *, opening: str | None = None) -> bool:
        """Whether a text shares a run with the training jokes.

        The text begins with `opening`, if there is one; runs that lie wholly inside it were typed
        by a member and do not count.
        """
        typed = max(0, _words_typed(text, opening) - RUN_WORDS + 1) if opening else 0
        return any(self.runs_of(text)[typed:])


def _hashes(text: str) -> Iterator[int]:
    """The hash of each run; a text of fewer than eight words, but not of none, has one."""
    spelled = [word.replace("'", "") for word in words(text)]
    if not spelled:
        return
    for start in range(max(1, len(spelled) - RUN_WORDS + 1)):
        run = " ".join(spelled[start : start + RUN_WORDS])
        digest = hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
        yield int.from_bytes(digest, "big")


def _words_typed(text: str, opening: str) -> int:
    """How many of the text's words the member typed in full."""
    typed = words(opening)
    whole = words(text)[: len(typed)] == typed
    return len(typed) if whole else len(typed) - 1
