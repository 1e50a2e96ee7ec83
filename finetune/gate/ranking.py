"""Whether scores rank liked jokes above disliked ones."""

import math

import numpy as np
from numpy.typing import NDArray

from finetune.evaluation.bootstrap import Figure

__all__ = ["CHANCE", "weighted_auc"]

CHANCE = 0.5
"""The AUC of scores that know nothing."""

_RESAMPLES = 1000
_OUTSIDE = 0.05
_NORMAL = 1.959964

_Floats = NDArray[np.float64]


def weighted_auc(scores: _Floats, liked: _Floats, disliked: _Floats, *, seed: int) -> Figure | None:
    """The area under the ROC curve, or None when all votes are of one kind.

    For each joke [jokes] a score and the weights of its votes of either kind: the share of all
    pairs of a liked and a disliked vote, by weight, in which the liked joke has the higher score;
    equal scores count half. The 95 % interval is a percentile bootstrap over jokes, so that many
    votes on one joke are not taken for many jokes. Towards 0.5 it reaches at least as far as
    rankings by chance spread (Mann & Whitney 1947), with votes of unequal weights counted as
    (Σw)² / Σw² jokes: resampling a handful of votes that happen to agree finds no spread at all.
    """
    if not liked.sum() or not disliked.sum():
        return None
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    liked, disliked = liked[order], disliked[order]
    value = float(_areas(np.ones((1, len(order))), liked, disliked, starts)[0])
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(order), np.full(len(order), 1 / len(order)), _RESAMPLES)
    areas = _areas(counts.astype(float), liked, disliked, starts)
    ends = np.nanquantile(areas, (_OUTSIDE / 2, 1 - _OUTSIDE / 2))
    spread = _NORMAL * _chance_deviation(_effective(liked), _effective(disliked))
    low, high = float(ends[0]), float(ends[1])
    if value >= CHANCE:
        low = min(low, value - spread)
    if value <= CHANCE:
        high = max(high, value + spread)
    return Figure(value, max(0.0, low), min(1.0, high))


def _areas(
    counts: _Floats, liked: _Floats, disliked: _Floats, starts: NDArray[np.int64]
) -> _Floats:
    """The area for each row of counts [resamples, jokes]; NaN where one kind was not drawn."""
    ups = np.add.reduceat(counts * liked, starts, axis=1)
    downs = np.add.reduceat(counts * disliked, starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs / 2
    pairs = ups.sum(axis=1) * downs.sum(axis=1)
    won = (ups * below).sum(axis=1)
    areas: _Floats = np.divide(won, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)
    return areas


def _effective(weights: _Floats) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _chance_deviation(liked: float, disliked: float) -> float:
    return math.sqrt((liked + disliked + 1) / (12 * liked * disliked))
