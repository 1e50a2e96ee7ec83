"""How much each vote weighs, so that neither one member nor a clique decides."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CLIQUE", "Shares", "Weighing", "weigh"]

CLIQUE = 5
"""Members that may agree among themselves; of more, the votes are a crowd's."""

_HALVINGS = 60
_DIGITS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """What part of all weight the heaviest member has, and the heaviest five together."""

    member: float
    clique: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighing:
    """A weight for each vote, 1 on average; the shares if all weighed the same, and now."""

    weights: tuple[float, ...]
    before: Shares
    after: Shares


def weigh(members: Sequence[str], *, member_share: float, clique_share: float) -> Weighing:
    """Weigh votes, of each of which the member is given.

    Everybody counts with their votes up to a level, the highest at which no member has more than
    `member_share` of all weight and no five have more than `clique_share`; more votes than that
    weigh less each. Fewer than 1 / `member_share` members weigh the same, however often they
    voted. Fewer than 5 / `clique_share` members cannot keep the second rule, so there it does not
    hold.
    """
    counts = Counter(members)
    level = _level(counts, member_share=member_share, clique_share=clique_share)
    capped = {member: min(float(count), level) for member, count in counts.items()}
    whole = math.fsum(capped.values())
    return Weighing(
        weights=tuple(
            round(capped[member] / counts[member] * len(members) / whole, _DIGITS)
            for member in members
        ),
        before=_shares(counts),
        after=_shares(capped),
    )


def _level(counts: Mapping[str, int], *, member_share: float, clique_share: float) -> float:
    if not counts:
        return 0.0
    lowest, highest = float(min(counts.values())), float(max(counts.values()))
    if len(counts) * member_share < 1:
        return lowest
    enough_for_cliques = len(counts) * clique_share >= CLIQUE

    def fair(level: float) -> bool:
        shares = _shares({member: min(count, level) for member, count in counts.items()})
        return shares.member <= member_share and (
            not enough_for_cliques or shares.clique <= clique_share
        )

    if fair(highest):
        return highest
    # Both shares rise with the level, and equal weights are fair.
    for _ in range(_HALVINGS):
        middle = (lowest + highest) / 2
        lowest, highest = (middle, highest) if fair(middle) else (lowest, middle)
    return lowest


def _shares(weights: Mapping[str, float]) -> Shares:
    heaviest = sorted(weights.values(), reverse=True)
    whole = math.fsum(heaviest) or 1.0
    return Shares(
        member=math.fsum(heaviest[:1]) / whole, clique=math.fsum(heaviest[:CLIQUE]) / whole
    )
