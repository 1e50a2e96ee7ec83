"""How much of a model's jokes stood in the jokes it was taught."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from finetune.evaluation.bootstrap import Figure, share_figure
from finetune.novelty import NoveltyIndex
from finetune.words import words

__all__ = ["copied_share", "near_duplicate_share"]

_SHINGLE_WORDS = 3
_SAME = 0.7


def copied_share(texts: Sequence[str], *, novelty: NoveltyIndex, seed: int) -> Figure:
    """Share of the texts with a run of eight words from the training jokes."""
    return share_figure([novelty.copies(text) for text in texts], seed=seed)


def near_duplicate_share(texts: Sequence[str], *, training: Iterable[str], seed: int) -> Figure:
    """Share of the texts that are nearly a training joke.

    Nearly means a Jaccard similarity of at least 0.7 between their runs of three words. That is
    what MinHash estimates; for few texts it is counted exactly in one pass over the training jokes.
    """
    shingles = [_shingles(text) for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, runs in enumerate(shingles):
        for run in runs:
            holders[run].append(place)
    found: set[int] = set()
    for joke in training:
        runs = _shingles(joke)
        shared = Counter(place for run in runs for place in holders.get(run, ()))
        found.update(
            place
            for place, count in shared.items()
            if count >= _SAME * (len(runs) + len(shingles[place]) - count)
        )
    return share_figure([place in found for place in range(len(texts))], seed=seed)


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    told = words(text)
    starts = range(max(1, len(told) - _SHINGLE_WORDS + 1)) if told else ()
    return frozenset(tuple(told[start : start + _SHINGLE_WORDS]) for start in starts)
