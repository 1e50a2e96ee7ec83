"""How much of a model's jokes stood in the jokes it was taught."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from finetune.evaluation.bootstrap import Figure, share_figure
from finetune.novelty import NoveltyIndex
from finetune.words import words

__all__ = ["copied_share", "near_duplicate_share"]

_LETTERS = 5
_SIMILARITY = 0.6


def copied_share(texts: Sequence[str], *, novelty: NoveltyIndex, seed: int) -> Figure:
    """Share of the texts with a run of eight words from the training jokes."""
    return share_figure([novelty.copies(text) for text in texts], seed=seed)


def near_duplicate_share(texts: Sequence[str], *, training: Iterable[str], seed: int) -> Figure:
    """Share of the texts that are nearly a training joke.

    Nearly means what it means when a corpus is prepared: a Jaccard similarity of at least 0.6
    between the sets of five letters in a row. There MinHash finds the pairs; for few texts all of
    them are counted exactly in one pass over the training jokes.
    """
    shingles = [_shingles(text) for text in texts]
    sizes = np.array([len(each) for each in shingles])
    near = np.zeros(len(texts), dtype=bool)
    holders: dict[str, list[int]] = defaultdict(list)
    for place, own in enumerate(shingles):
        for shingle in own:
            holders[shingle].append(place)
    for joke in training:
        theirs = _shingles(joke)
        places = [place for shingle in theirs for place in holders.get(shingle, ())]
        shared = np.bincount(np.array(places, dtype=int), minlength=len(texts))
        near |= (shared > 0) & (shared >= _SIMILARITY * (len(theirs) + sizes - shared))
    return share_figure(near.tolist(), seed=seed)


def _shingles(text: str) -> set[str]:
    letters = " ".join(words(text))
    return {letters[at : at + _LETTERS] for at in range(max(1, len(letters) - _LETTERS + 1))}
