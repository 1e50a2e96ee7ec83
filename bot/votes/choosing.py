"""Which votes are learned from, which judge, and which are set aside and why."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bot.phrases import counted
from bot.settings import LearningSettings
from bot.votes.floods import Flood, find_floods
from bot.votes.rows import VoteRow
from finetune.corpus.split import is_held_out

__all__ = ["Chosen", "Shortage", "TooFewVotesError", "choose"]

_RARER_KIND = 0.05
"""Share of the required votes that must be there of each kind."""


class TooFewVotesError(Exception):
    """There is too little to learn from, in one sentence; `shortage` has the numbers."""

    def __init__(self, shortage: "Shortage") -> None:
        super().__init__(str(shortage))
        self.shortage = shortage


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortage:
    """Votes there are to learn from, and how many are missing: in all, and of each kind."""

    votes: int
    missing: int
    missing_up: int
    missing_down: int

    def __bool__(self) -> bool:
        return bool(self.missing or self.missing_up or self.missing_down)

    def __str__(self) -> str:
        kinds = {
            "vote": self.missing,
            "upvote": self.missing_up,
            "downvote": self.missing_down,
        }
        wanted = [counted(number, f"more {kind}") for kind, number in kinds.items() if number]
        there = counted(self.votes, "vote")
        verb = "is" if self.votes == 1 else "are"
        if not wanted:
            return f"There {verb} {there}, which is enough to learn from."
        return f"There {verb} {there} to learn from; needed: at least {' and '.join(wanted)}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """All votes, each in one place; `train` and `held_out` are by joke and member."""

    train: tuple[VoteRow, ...]
    held_out: tuple[VoteRow, ...]
    withheld: tuple[VoteRow, ...]
    floods: tuple[Flood, ...]

    @property
    def learnable(self) -> tuple[VoteRow, ...]:
        """What is learned from and what judges, by joke and member."""
        return tuple(sorted((*self.train, *self.held_out), key=_place))

    @property
    def flooded(self) -> int:
        """How many votes came as a flood."""
        return sum(len(flood.votes) for flood in self.floods)

    def shortage(self, minimum: int) -> Shortage:
        """What is missing until `minimum` votes, a twentieth of them of each kind."""
        up = sum(row.value > 0 for row in self.learnable)
        down = len(self.learnable) - up
        of_each = math.ceil(minimum * _RARER_KIND)
        return Shortage(
            votes=up + down,
            missing=max(0, minimum - up - down),
            missing_up=max(0, of_each - up),
            missing_down=max(0, of_each - down),
        )


def choose(rows: Iterable[VoteRow], rules: LearningSettings) -> Chosen:
    """Sort all votes; the order they come in does not matter.

    Votes on withheld jokes and floods are set aside. The joke's own fingerprint decides whether
    its votes are held out, so they stay so in every later snapshot.
    """
    fit: list[VoteRow] = []
    withheld: list[VoteRow] = []
    for row in sorted(rows, key=_place):
        (withheld if row.withheld else fit).append(row)
    floods = find_floods(fit, rules)
    flooded = {_place(row) for flood in floods for row in flood.votes}
    sides: tuple[list[VoteRow], list[VoteRow]] = ([], [])
    for row in fit:
        if _place(row) not in flooded:
            sides[is_held_out(row.text, share=rules.held_out)].append(row)
    return Chosen(
        train=tuple(sides[False]),
        held_out=tuple(sides[True]),
        withheld=tuple(withheld),
        floods=tuple(floods),
    )


def _place(row: VoteRow) -> tuple[int, str]:
    return row.joke_id, row.member
