"""How much each vote weighs in a taste: at most 1, less for those who vote far more than others."""

from collections import Counter
from collections.abc import Sequence

from bot.votes.weights import weigh

__all__ = ["vote_weights"]

_HEARD = 25
"""Votes of a member that count fully in a small circle, however seldom the others vote."""


def vote_weights(
    members: Sequence[str], *, member_share: float, clique_share: float
) -> Sequence[float]:
    """Weigh votes, of each of which the member is given.

    Relative to each other they weigh what `bot.votes.weights.weigh` says, but nobody's votes weigh
    more because others vote less: a taste is as sure as its votes are many. In a circle too small
    for `member_share`, where that rule would leave everyone with what the most silent one said,
    the first votes of each count fully; whoever votes alone is heard in full.
    """
    if not members:
        return ()
    fair = weigh(members, member_share=member_share, clique_share=clique_share).weights
    heaviest = max(fair)
    counts = Counter(members)
    heard = _HEARD if len(counts) * member_share < 1 else 0
    return tuple(
        max(weight / heaviest, min(1.0, heard / counts[member]))
        for member, weight in zip(members, fair, strict=True)
    )
