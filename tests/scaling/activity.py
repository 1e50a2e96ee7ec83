"""Who asks for a joke when: many communities, a daily rhythm, and jokes that provoke others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.scaling.assumptions import Habits

__all__ = ["Asked", "Crowd", "taking_turns"]

_GENERATIONS = 60
"""Jokes provoked by provoked jokes are followed so far, which with any share below 0.9 is all."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Requests in the order of time: seconds, community, member in it, whether without a topic.

    `after` is the request that must be answered before the member asks, or -1; its time is inf.
    """

    times: NDArray[np.float64]
    communities: NDArray[np.int64]
    members: NDArray[np.int64]
    plain: NDArray[np.bool_]
    after: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)


class Crowd:
    """Communities of uneven size; a community asks in proportion to its active members."""

    def __init__(self, habits: Habits, *, communities: int, random: np.random.Generator) -> None:
        self._habits = habits
        sizes = random.lognormal(0.0, habits.size_spread, communities)
        self._members = np.maximum(1, np.rint(sizes * habits.active_members / sizes.mean()))
        self._until = np.cumsum(self._members) / self._members.sum()
        self._random = random

    def asks(self, *, rate: float, count: int) -> Asked:
        """About `count` requests at `rate` a second, provoked ones included."""
        habits, random = self._habits, self._random
        span = count / rate
        own = random.poisson(rate * (1 - habits.provoked) * span)
        times = [random.random(own) * span]
        where = [np.searchsorted(self._until, random.random(own))]
        for _ in range(_GENERATIONS):
            children = random.poisson(habits.provoked, len(times[-1]))
            if not children.sum():
                break
            delays = random.exponential(habits.provoked_after_seconds, children.sum())
            times.append(np.repeat(times[-1], children) + delays)
            where.append(np.repeat(where[-1], children))
        everything, places = np.concatenate(times), np.concatenate(where)
        order = np.argsort(everything, kind="stable")
        order = order[everything[order] < span]
        communities = places[order]
        members = (random.random(len(order)) * self._members[communities]).astype(np.int64)
        return Asked(
            times=everything[order],
            communities=communities,
            members=members,
            plain=random.random(len(order)) < habits.without_topic,
            after=np.full(len(order), -1),
        )


def taking_turns(*, members: int, communities: int, each: int) -> Asked:
    """Members who all ask at once, and each again as soon as they are answered."""
    number = np.arange(members * each)
    return Asked(
        times=np.where(number < members, 0.0, np.inf),
        communities=number % members % communities,
        members=number % members,
        plain=np.zeros(len(number), dtype=np.bool_),
        after=np.where(number < members, -1, number - members),
    )
