"""Many crowds at once that vote on the jokes of two versions, one vote of each at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

__all__ = ["CHALLENGER", "CHAMPION", "Crowd", "Votes"]

CHAMPION, CHALLENGER = 0, 1
_UNEVEN = 0.7
_AGREEMENT = 4.0


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Who votes: so many members, the busiest far more often than others; None is a new one always.

    Each member likes a share of jokes of their own, spread around the version's rate by a beta
    distribution worth 4 votes; who is easily amused is so by both versions. With new members only
    that makes no difference, because each votes once.
    """

    name: str
    members: int | None

    def weights(self) -> NDArray[np.float64]:
        """How likely each member's vote comes next (Zipf's law with exponent 0.7)."""
        weights = 1 / np.arange(1, (self.members or 0) + 1) ** _UNEVEN
        return np.asarray(weights / weights.sum())


class Votes:
    """The votes so far in many trials; rows are trials, then champion and challenger.

    `liked` sums up the members' shares of upvotes, `voted` counts those members.
    """

    def __init__(
        self,
        crowd: Crowd,
        *,
        rates: tuple[float, float],
        share: float,
        trials: int,
        most: int,
        random: np.random.Generator,
    ) -> None:
        self.liked = np.zeros((trials, 2))
        self.voted = np.zeros((trials, 2))
        members = crowd.members or most
        self._up = np.zeros((trials, members, 2), dtype=np.int16)
        self._cast = np.zeros((trials, members, 2), dtype=np.int16)
        self._tastes = np.broadcast_to(np.array(rates), (trials, members, 2))
        self._until = None
        if crowd.members:
            mood = random.random((trials, members, 1))
            mean = np.array(rates)
            self._tastes = betaincinv(_AGREEMENT * mean, _AGREEMENT * (1 - mean), mood)
            self._until = np.cumsum(crowd.weights())
        self._trials = np.arange(trials)
        self._share = share
        self._random = random
        self._number = 0

    def of(self, trial: int, version: int) -> tuple[tuple[int, int], ...]:
        """The up- and downvotes of each member of one trial who voted on a version."""
        up, cast = self._up[trial, :, version], self._cast[trial, :, version]
        return tuple((int(u), int(c - u)) for u, c in zip(up, cast, strict=True) if c)

    def cast(self) -> None:
        """One more vote in every trial."""
        count = len(self._trials)
        if self._until is None:
            member = np.full(count, self._number)
        else:
            member = np.searchsorted(self._until[:-1], self._random.random(count))
        version = np.where(self._random.random(count) < self._share, CHALLENGER, CHAMPION)
        here = (self._trials, member, version)
        up, cast = self._up[here], self._cast[here]
        before = up / np.maximum(cast, 1)
        up = up + (self._random.random(count) < self._tastes[here])
        self._up[here], self._cast[here] = up, cast + 1
        self.liked[self._trials, version] += up / (cast + 1) - before
        self.voted[self._trials, version] += cast == 0
        self._number += 1
