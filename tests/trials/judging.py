"""The rule of `bot.learning.trial`, applied after every vote to many trials at once."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.learning.rates import chances_higher
from tests.trials.crowd import CHALLENGER, CHAMPION, Votes

__all__ = ["Ends", "Rule", "play"]

_MARGIN = 0.01
"""By so much the quick approximation of a probability may be wrong (at most 0.007 was found)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Members needed on both versions, and how many are assumed to have liked both alike."""

    needed: int
    alike: int
    promote_at: float = 0.95
    retire_at: float = 0.05


@dataclass(kw_only=True)
class Ends:
    """How trials ended: 1 promoted, -1 retired by votes, 0 out of time; after how many votes.

    `votes` counts those on both versions, `members` those who voted on the challenger's jokes.
    """

    rule: Rule
    outcome: NDArray[np.int64]
    votes: NDArray[np.int64]
    members: NDArray[np.float64] = field(repr=False)

    def share(self, outcome: int) -> float:
        """How many trials ended so, as a share."""
        return float(np.mean(self.outcome == outcome))

    def votes_until(self, percent: float) -> float:
        """So many percent of the trials were over after this many votes."""
        return float(np.percentile(self.votes, percent))


def play(votes: Votes, rules: list[Rule], *, trials: int, most: int) -> list[Ends]:
    """Let the crowds vote, and look after every vote under each of several rules."""
    ends = [
        Ends(
            rule=rule,
            outcome=np.zeros(trials, dtype=np.int64),
            votes=np.full(trials, most),
            members=np.zeros(trials),
        )
        for rule in rules
    ]
    for number in range(1, most + 1):
        votes.cast()
        fewest = votes.voted.min(axis=1)
        for end in ends:
            open_ones = np.flatnonzero((end.outcome == 0) & (fewest >= end.rule.needed))
            if len(open_ones):
                outcome = _outcomes(votes, open_ones, end.rule)
                decided = open_ones[outcome != 0]
                end.outcome[open_ones] = outcome
                end.votes[decided] = number
                end.members[decided] = votes.voted[decided, CHALLENGER]
    return ends


def _outcomes(votes: Votes, trials: NDArray[np.int64], rule: Rule) -> NDArray[np.int64]:
    liked, voted = votes.liked[trials], votes.voted[trials]
    mean = (1 + liked.sum(axis=1)) / (2 + voted.sum(axis=1))
    alpha = 1 + liked + rule.alike * mean[:, None]
    beta = 1 + voted - liked + rule.alike * (1 - mean[:, None])
    chance = _roughly_higher(alpha, beta)
    near = np.minimum(abs(chance - rule.promote_at), abs(chance - rule.retire_at)) < _MARGIN
    if near.any():
        rates = np.stack([alpha[near], beta[near]], axis=2)
        chance[near] = chances_higher(rates[:, CHALLENGER], rates[:, CHAMPION])
    return (chance >= rule.promote_at).astype(np.int64) - (chance <= rule.retire_at)


def _roughly_higher(alpha: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearly the probability that the challenger's rate is higher (Anscombe's arcsine)."""
    angle = np.arcsin(np.sqrt((alpha - 1 / 3) / (alpha + beta - 2 / 3)))
    spread = (1 / 4 / (alpha + beta - 1 / 2)).sum(axis=1)
    return np.asarray(ndtr((angle[:, CHALLENGER] - angle[:, CHAMPION]) / np.sqrt(spread)))
