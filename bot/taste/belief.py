"""Bayesian logistic regression with a Gaussian in place of the posterior (Laplace).

MacKay 1992, "The Evidence Framework Applied to Classification Networks"; Bishop 2006, section 4.5.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Belief", "Evidence", "Vector"]

Vector = NDArray[np.float64]

_STEPS = 25
_HALVINGS = 20
_CLOSE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Votes as numbers: `design` [votes, width], `liked` [votes] 1 or 0, `weights` [votes]."""

    design: Vector
    liked: Vector
    weights: Vector

    def likelihood(self, weights_of_taste: Vector) -> float:
        """The log-likelihood of a taste [width], in nats."""
        signed = np.where(self.liked > 0, 1.0, -1.0) * (self.design @ weights_of_taste)
        return -float(self.weights @ np.logaddexp(0.0, -signed))

    def slope(self, weights_of_taste: Vector) -> Vector:
        """The gradient [width] of the log-likelihood."""
        missing = self.liked - _sigmoid(self.design @ weights_of_taste)
        return np.asarray(self.design.T @ (self.weights * missing))

    def curvature(self, weights_of_taste: Vector) -> Vector:
        """The negative Hessian [width, width] of the log-likelihood."""
        chance = _sigmoid(self.design @ weights_of_taste)
        return np.asarray((self.design.T * (self.weights * chance * (1 - chance))) @ self.design)


@dataclass(frozen=True, kw_only=True, slots=True)
class Belief:
    """A Gaussian over tastes: `mean` [width] and `precision` [width, width]."""

    mean: Vector
    precision: Vector

    @classmethod
    def ignorant(cls, variances: Vector) -> "Belief":
        """Nothing is known but how much each weight [width] may vary."""
        return cls(mean=np.zeros(len(variances)), precision=np.diag(1 / variances))

    def after(self, evidence: Evidence) -> "Belief":
        """What is believed once the votes are known: Newton's method to the mode.

        The log-posterior is concave, so a step that is halved until it leads upwards converges.
        """
        taste = self.mean
        height = self._height(taste, evidence)
        for _ in range(_STEPS):
            slope = evidence.slope(taste) - self.precision @ (taste - self.mean)
            step = np.linalg.solve(self.precision + evidence.curvature(taste), slope)
            for _ in range(_HALVINGS):
                higher = self._height(taste + step, evidence)
                if higher >= height:
                    break
                step = step / 2
            else:
                break
            taste, gained = taste + step, higher - height
            height = higher
            if gained < _CLOSE:
                break
        return Belief(mean=taste, precision=self.precision + evidence.curvature(taste))

    def without(self, evidence: Evidence) -> "Belief":
        """What would be believed without some of the votes that led here.

        Each vote's share is taken as the parabola that the posterior has for it, as in expectation
        propagation (Minka 2001). Without any votes that is the belief there was before, exactly.
        """
        precision = self.precision - evidence.curvature(self.mean)
        back = np.linalg.solve(precision, evidence.slope(self.mean))
        return Belief(mean=self.mean - back, precision=precision)

    def widened(self, variances: Vector) -> "Belief":
        """The same for somebody who differs from it by so much [width]."""
        covariance = np.linalg.inv(self.precision) + np.diag(variances)
        return Belief(mean=self.mean, precision=np.linalg.inv(covariance))

    def scores(self, design: Vector) -> tuple[Vector, Vector]:
        """How well jokes are liked (logits): the mean [jokes], the covariance [jokes, jokes]."""
        covariance = design @ np.linalg.solve(self.precision, design.T)
        return design @ self.mean, (covariance + covariance.T) / 2

    def _height(self, taste: Vector, evidence: Evidence) -> float:
        away = taste - self.mean
        return evidence.likelihood(taste) - float(away @ self.precision @ away) / 2


def _sigmoid(values: Vector) -> Vector:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))
