"""How much of everything a run has."""

import random
from dataclasses import dataclass

from tests.campaigns.cluster.blows import Blow

__all__ = ["BLOWS", "Plan"]

BLOWS = (
    Blow.REPLICA,
    Blow.REPLICA,
    Blow.NODE,
    Blow.CONTROLLER,
    Blow.BOT,
    Blow.POSTGRES,
)
"""What dies in a run, in an order that the seed decides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """`jokes` are told and `votes` acknowledged in a run; `at_once` members ask in the rush."""

    jokes: int
    votes: int
    members: int
    communities: int
    at_once: int

    @property
    def votes_on_each(self) -> float:
        """Votes for every joke."""
        return self.votes / self.jokes

    @property
    def patience(self) -> float:
        """Seconds after which a run that has not come to its end never will."""
        return 1_800 + 2.0 * self.jokes

    @property
    def rush_begins(self) -> int:
        """Jokes after which it begins; before, two members ask."""
        return max(1, self.jokes // 50)

    @property
    def rush_ends(self) -> int:
        """Jokes after which it ends; then one member asks now and then."""
        return self.jokes - max(1, self.jokes // 100)

    def blows(self, chance: random.Random) -> list[tuple[int, Blow]]:
        """After how many jokes each falls: one at a random moment of each part of the rush.

        The first fifth of it is left for replicas to be added, the last tenth for what follows.
        """
        order = list(BLOWS)
        chance.shuffle(order)
        span = self.rush_ends - self.rush_begins
        first = self.rush_begins + span / 5
        part = 0.7 * span / len(order)
        return [
            (round(first + (place + chance.uniform(0.1, 0.9)) * part), blow)
            for place, blow in enumerate(order)
        ]
