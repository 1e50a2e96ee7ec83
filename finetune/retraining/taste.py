"""What a crowd likes, learned from its votes: it sees through the votes that were mistaken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Taste"]

_STEPS = 25
_SMALLEST_SPREAD = 1e-6
_OF_CONSTANT = 1e-6
"""The share of the prior's precision that holds the constant, which is as good as free."""


@dataclass(frozen=True, kw_only=True)
class Taste:
    """A logistic regression on features of jokes, [width]; made by `fit`."""

    means: NDArray[np.float64]
    spreads: NDArray[np.float64]
    slopes: NDArray[np.float64]
    constant: float

    @classmethod
    def fit(
        cls,
        features: NDArray[np.float64],
        *,
        liked: Sequence[bool],
        weights: Sequence[float],
        caution: float,
    ) -> Self:
        """The likeliest slopes given votes, each a row of `features` [votes, width].

        `caution` is the precision of a normal prior around zero for every slope of a feature with
        spread one. Newton's method; with more features than votes its equations are solved in the
        space of the votes (Woodbury's identity), which gives the same and is faster.
        """
        means = features.mean(axis=0)
        spreads = features.std(axis=0) + _SMALLEST_SPREAD
        # The constant is one more feature, with a prior wide enough to say nothing.
        constant = np.full((len(features), 1), (1 / _OF_CONSTANT) ** 0.5)
        design = np.hstack([(features - means) / spreads, constant])
        alikeness = design @ design.T / caution
        wanted, mass = np.asarray(liked, dtype=np.float64), np.asarray(weights, dtype=np.float64)
        found = np.zeros(len(design))
        for _ in range(_STEPS):
            odds = alikeness @ found
            chance = _chance(odds)
            curvature = mass * chance * (1 - chance) + _SMALLEST_SPREAD
            target = odds + mass * (wanted - chance) / curvature
            found = np.linalg.solve(alikeness + np.diag(1 / curvature), target)
        slopes = design.T @ found / caution
        return cls(
            means=means,
            spreads=spreads,
            slopes=slopes[:-1],
            constant=float(slopes[-1] * constant[0, 0]),
        )

    def chances(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely each joke of `features` [jokes, width] is to be liked, [jokes]."""
        return _chance((features - self.means) / self.spreads @ self.slopes + self.constant)


def _chance(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-odds))
