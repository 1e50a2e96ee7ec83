"""The members of a crowd: who votes, how often, and how far a vote can be trusted."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CLIQUE", "MEMBERS", "NOISE", "SABOTEURS", "Electorate", "Member"]

MEMBERS = 40
NOISE = 0.15
"""Share of votes that are given by mistake, whatever the voter means."""
SABOTEURS = 0.2
"""Share of the members who mean the opposite, in a crowd with saboteurs."""
CLIQUE = 5
"""Further members there who mean the opposite too, and cast half of all votes."""
_CLIQUE_VOTES = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody who likes what fits the crowd's taste, or, if `contrary`, what does not."""

    name: str
    contrary: bool = False

    def vote(self, *, fits: bool, source: random.Random) -> int:
        """+1 or -1 on a joke that fits the taste or does not."""
        likes = fits is not self.contrary
        mistaken = source.random() < NOISE
        return 1 if likes is not mistaken else -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Electorate:
    """The `members` ask and vote; those of the `clique` only vote."""

    members: Sequence[Member]
    clique: Sequence[Member] = ()

    @classmethod
    def of(cls, size: int, *, sabotaged: bool) -> "Electorate":
        """A crowd of one mind, but for saboteurs and a clique if it is `sabotaged`."""
        contrary = round(SABOTEURS * size) if sabotaged else 0
        return cls(
            members=[
                Member(name=f"member {number}", contrary=number < contrary)
                for number in range(size)
            ],
            clique=[
                Member(name=f"clique {number}", contrary=True)
                for number in range(CLIQUE if sabotaged else 0)
            ],
        )

    def voters(self, count: int, source: random.Random) -> list[Member]:
        """Who votes on one joke: so many different members, half of them of the clique."""
        if not self.clique:
            return source.sample(self.members, count)
        of_clique = sum(source.random() < _CLIQUE_VOTES for _ in range(count))
        return [
            *source.sample(self.clique, min(of_clique, len(self.clique))),
            *source.sample(self.members, count - min(of_clique, len(self.clique))),
        ]

    def asker(self, source: random.Random) -> Member:
        """Who asks for a joke."""
        return source.choice(self.members)
