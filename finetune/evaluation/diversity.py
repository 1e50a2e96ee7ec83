"""How much jokes differ from one another."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.bootstrap import Figure, half_sampled_figure, mean_figure
from finetune.words import words

__all__ = ["distinct_bigrams", "self_bleu"]

_ORDERS = range(1, 5)
_SMOOTHING = 0.1
_Run = tuple[str, ...]


def distinct_bigrams(texts: Sequence[str], *, seed: int) -> Figure:
    """Distinct-2: different bigrams of words over all bigrams, of all texts together.

    Li et al. 2016, https://arxiv.org/abs/1510.03055. It falls as texts are added, so only equal
    numbers of texts compare.
    """
    numbers: dict[_Run, int] = {}
    bigrams = [
        np.array([numbers.setdefault(run, len(numbers)) for run in _runs(words(text), 2)], int)
        for text in texts
    ]

    def share(places: NDArray[np.int64]) -> float:
        counted = np.concatenate([bigrams[place] for place in places])
        return len(np.unique(counted)) / max(1, len(counted))

    return half_sampled_figure(len(texts), share, seed=seed)


def self_bleu(texts: Sequence[str], *, seed: int) -> Figure:
    """Mean BLEU-4 of each text against all the others, from 0 to 1; lower is more diverse.

    Zhu et al. 2018, https://arxiv.org/abs/1802.01886, with their smoothing (0.1 where no run
    matches). The interval is over texts, the others held fixed. It rises as texts are added, so
    only equal numbers of texts compare.
    """
    told = [words(text) for text in texts]
    return mean_figure(_bleu_against_others(told), seed=seed)


def _bleu_against_others(told: Sequence[Sequence[str]]) -> list[float]:
    """BLEU-4 of each text with the others as references, in time linear in their length.

    A reference counts only by the most it has of each run, so it is enough to know the two
    largest counts of every run, the second for the text that has the largest itself.
    """
    counts = [[Counter(_runs(text, order)) for text in told] for order in _ORDERS]
    most = [_two_most(texts) for texts in counts]
    lengths = Counter(map(len, told))
    scores = []
    for place, text in enumerate(told):
        if not text:
            scores.append(0.0)
            continue
        precisions = []
        for by_text, (first, second) in zip(counts, most, strict=True):
            own = by_text[place]
            matched = sum(
                min(count, second[run] if first[run] == count else first[run])
                for run, count in own.items()
            )
            precisions.append((matched or _SMOOTHING) / max(1, own.total()))
        mean = sum(map(math.log, precisions)) / len(precisions)
        scores.append(_brevity(len(text), lengths) * math.exp(mean))
    return scores


def _two_most(counts: Iterable[Counter[_Run]]) -> tuple[dict[_Run, int], dict[_Run, int]]:
    """For each run the largest and the second largest count in one text."""
    first: dict[_Run, int] = defaultdict(int)
    second: dict[_Run, int] = defaultdict(int)
    for counter in counts:
        for run, count in counter.items():
            if count > first[run]:
                first[run], second[run] = count, first[run]
            elif count > second[run]:
                second[run] = count
    return first, second


def _brevity(length: int, lengths: Counter[int]) -> float:
    """The penalty for being shorter than the nearest of the other texts."""
    others = lengths - Counter([length])
    if not others:
        return 1.0
    nearest = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= nearest else math.exp(1 - nearest / length)


def _runs(text: Sequence[str], order: int) -> Iterator[_Run]:
    return zip(*(text[start:] for start in range(order)), strict=False)
