"""What is believed to be liked by everyone, and by one community on top of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.store.taste_port import TasteVote
from bot.taste.belief import Belief, Evidence, Vector
from bot.taste.weighing import vote_weights

__all__ = ["Heard", "Places", "TasteRules", "community_belief", "everyone_belief"]

_EVERYONE = 0.5
"""Variance of what everyone's taste may be."""
_APART = 0.5
"""Variance of how far a community's taste may be from everyone's."""

Places = Mapping[int, Vector]
"""What the jokes that were voted on are like, by number: see `Basis.place`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TasteRules:
    """How many of the newest votes count, how much members weigh, how boldly to explore.

    `exploration` 1 is Thompson sampling, 0 always takes what is most likely liked.
    """

    votes: int
    member_share: float
    clique_share: float
    exploration: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """Votes, and the same as evidence; all that are about a joke whose place is known."""

    votes: tuple[TasteVote, ...]
    evidence: Evidence

    @classmethod
    def of(
        cls, votes: Sequence[TasteVote], places: Places, *, width: int, rules: TasteRules
    ) -> "Heard":
        """The votes on jokes with a place, weighed; a place has `width` numbers."""
        known = tuple(vote for vote in votes if vote.joke_id in places)
        weights = vote_weights(
            [vote.member for vote in known],
            member_share=rules.member_share,
            clique_share=rules.clique_share,
        )
        evidence = Evidence(
            design=np.array([places[vote.joke_id] for vote in known]).reshape(-1, width),
            liked=np.array([float(vote.value > 0) for vote in known]),
            weights=np.array(weights),
        )
        return cls(votes=known, evidence=evidence)

    def shared_with(self, other: "Heard") -> Evidence:
        """Those of these votes that are among the others', weighed as here."""
        theirs = {(vote.joke_id, vote.member) for vote in other.votes}
        mine = [(vote.joke_id, vote.member) in theirs for vote in self.votes]
        chosen = np.array(mine, dtype=bool)
        return Evidence(
            design=self.evidence.design[chosen],
            liked=self.evidence.liked[chosen],
            weights=self.evidence.weights[chosen],
        )


def everyone_belief(everyone: Heard, *, width: int) -> Belief:
    """What everyone likes."""
    return Belief.ignorant(np.full(width, _EVERYONE)).after(everyone.evidence)


def community_belief(belief: Belief, everyone: Heard, own: Heard) -> Belief:
    """What a community likes: it starts from what the others like, and each vote counts once.

    `belief` is everyone's, in which the community's own votes have had their share.
    """
    others = belief.without(everyone.shared_with(own))
    return others.widened(np.full(len(belief.mean), _APART)).after(own.evidence)
