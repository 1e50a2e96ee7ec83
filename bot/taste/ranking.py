"""Puts the jokes that may be told in order: what is probably liked first, with some curiosity."""

from collections.abc import Sequence

import numpy as np

from bot.taste.belief import Belief, Vector
from finetune.selection import Choice

__all__ = ["ranked"]

_MODEL = 0.25
"""What one nat of the model's own score weighs; it decides where nothing is known."""
_JITTER = 1e-9
_SEEDS = 1 << 64


def ranked(
    choices: Sequence[Choice],
    places: Sequence[Vector],
    *,
    belief: Belief,
    exploration: float,
    seed: int,
) -> list[Choice]:
    """The choices in order, given their places; the same for the same seed.

    Thompson sampling (Thompson 1933): tastes are drawn from the belief, or rather the scores they
    give to these few jokes, and deviate from the mean by `exploration` of what they would.
    Jokes on the topic stay in front.
    """
    mean, covariance = belief.scores(np.array(places))
    root = np.linalg.cholesky(covariance + _JITTER * np.eye(len(mean)))
    drawn = np.random.default_rng(seed % _SEEDS).standard_normal(len(mean))
    liking = mean + exploration * (root @ drawn)
    liking = liking + _MODEL * np.array([choice.score for choice in choices])
    order = sorted(
        range(len(choices)),
        key=lambda place: (choices[place].on_topic, liking[place]),
        reverse=True,
    )
    return [choices[place] for place in order]
