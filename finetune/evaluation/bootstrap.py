"""Figures with 95 % intervals, by resampling jokes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Figure",
    "half_sampled_figure",
    "mean_figure",
    "quantile_figure",
    "ratio_figure",
    "share_figure",
]

_RESAMPLES = 1000
_OUTSIDE = 0.05
_AT_ONCE = 100
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its 95 % interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """What a report records."""
        return asdict(self)


def mean_figure(values: Sequence[float], *, seed: int) -> Figure:
    """The mean, with a percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13)."""
    return ratio_figure(values, [1] * len(values), seed=seed)


def ratio_figure(above: Sequence[float], below: Sequence[float], *, seed: int) -> Figure:
    """Sum over sum of pairs that are resampled together; percentile bootstrap interval."""
    tops, bottoms = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    drawn = [
        (weights @ tops) / np.maximum(weights @ bottoms, np.finfo(float).tiny)
        for weights in _weights(len(tops), seed)
    ]
    return _with_percentiles(float(tops.sum() / bottoms.sum()), np.concatenate(drawn))


def share_figure(flags: Sequence[bool], *, seed: int) -> Figure:
    """The share of flags that are set.

    Where all agree resampling knows nothing: the other end of the interval is then the share at
    which n equal ones still happen in one case of twenty (about 3 / n, the rule of three).
    """
    figure = mean_figure([float(flag) for flag in flags], seed=seed)
    unseen = 1 - _OUTSIDE ** (1 / len(flags))
    if not any(flags):
        return Figure(0.0, 0.0, unseen)
    return Figure(1.0, 1 - unseen, 1.0) if all(flags) else figure


def quantile_figure(values: Sequence[float], quantile: float, *, seed: int) -> Figure:
    """A quantile of the values, with a percentile bootstrap interval."""
    sample = np.asarray(values, dtype=float)
    generator = np.random.default_rng(seed)
    places = generator.integers(len(sample), size=(_RESAMPLES, len(sample)))
    drawn = np.quantile(sample[places], quantile, axis=1)
    return _with_percentiles(float(np.quantile(sample, quantile)), drawn)


def half_sampled_figure(
    size: int, statistic: Callable[[NDArray[np.int64]], float], *, seed: int
) -> Figure:
    """A statistic of a whole sample, for example of pairs, that repeated members would distort.

    `statistic` takes the places of the jokes to count. Drawing with replacement repeats jokes,
    which makes any sample look less diverse than it is, so halves are drawn without: the spread
    of a statistic over halves estimates its spread over whole samples (the delete-d jackknife
    with d = n / 2, Shao & Wu 1989). The statistic may have another level on halves; only the
    spread around that level is used.
    """
    generator = np.random.default_rng(seed)
    half = max(1, size // 2)
    drawn = np.array(
        [statistic(generator.permutation(size)[:half]) for _ in range(_RESAMPLES)], dtype=float
    )
    value = statistic(np.arange(size))
    return _with_percentiles(value, value + drawn - drawn.mean())


def _weights(size: int, seed: int) -> Iterator[_Floats]:
    """How often each member is drawn, some resamples at a time: [resamples, size]."""
    generator = np.random.default_rng(seed)
    for _ in range(0, _RESAMPLES, _AT_ONCE):
        yield generator.multinomial(size, np.full(size, 1 / size), size=_AT_ONCE).astype(float)


def _with_percentiles(value: float, drawn: _Floats) -> Figure:
    low, high = np.quantile(drawn, (_OUTSIDE / 2, 1 - _OUTSIDE / 2))
    return Figure(value, float(low), float(high))
