"""What members saw, kept outside the bots: answers, jokes, and votes that were acknowledged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Fate", "Ledger", "Request", "Shown", "Standing", "VoteKey"]

VoteKey = tuple[int, str]
"""A joke's number and the platform's id of a member."""


class Fate(StrEnum):
    """What became of a request, as its member saw it."""

    TOLD = "told"
    APOLOGISED = "apologised to"
    UNREACHED = "not accepted"
    """The platform said that the bot does not respond: the bot never promised an answer."""
    SILENT = "left waiting"
    """The bot promised an answer, and none came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Moments are seconds of the monotonic clock; `said` is what an apology said.

    `origin` is the platform's number of the request, `shard` the bot that had to answer.
    """

    origin: int
    shard: int
    fate: Fate
    began: float
    ended: float
    said: str = ""

    @property
    def seconds(self) -> float:
        """How long the member waited."""
        return self.ended - self.began


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A joke as it stands in a community."""

    community: str
    text: str


@dataclass(kw_only=True, slots=True)
class Standing:
    """A member's vote on a joke: 1, -1, or 0 when it was withdrawn.

    `unsure` is what a press without an answer would have made of it: who is not told may have
    voted all the same.
    """

    acknowledged: int | None = None
    unsure: int | None = None

    def agrees(self, kept: int | None) -> bool:
        """Whether what the database has (None for no row) is what the member was told, or could be.

        A withdrawn vote stands as 0 or not at all.
        """
        if self.acknowledged is None:
            return True
        return (kept or 0) in (self.acknowledged, self.unsure)


@dataclass(kw_only=True)
class Ledger:
    """`presses` are votes acknowledged, `unanswered` those that nobody confirmed."""

    requests: list[Request] = field(default_factory=list)
    shown: dict[int, Shown] = field(default_factory=dict)
    votes: dict[VoteKey, Standing] = field(default_factory=dict)
    presses: int = 0
    unanswered: int = 0

    @property
    def told(self) -> int:
        """Jokes told."""
        return len(self.shown)

    def fates(self) -> Counter[Fate]:
        """How many requests ended in which way."""
        return Counter(each.fate for each in self.requests)

    def apologies(self) -> Counter[str]:
        """How often which apology was heard."""
        return Counter(each.said for each in self.requests if each.fate is Fate.APOLOGISED)

    def acknowledge(self, key: VoteKey, value: int) -> None:
        """The bot has confirmed a vote."""
        self.votes.setdefault(key, Standing()).acknowledged = value
        self.presses += 1

    def leave_open(self, key: VoteKey, value: int) -> None:
        """Nobody confirmed a vote, which may have been counted or not."""
        self.votes.setdefault(key, Standing()).unsure = value
        self.unanswered += 1

    def may_vote(self, key: VoteKey) -> bool:
        """Whether it is known how this member's vote stands, so that a press has a meaning."""
        return key not in self.votes or self.votes[key].unsure is None

    def lost(self, kept: Mapping[VoteKey, int]) -> list[VoteKey]:
        """Acknowledged votes that the database has otherwise, or not."""
        return [key for key, standing in self.votes.items() if not standing.agrees(kept.get(key))]

    def doubled(self) -> int:
        """Jokes that one community saw more than once, by their text."""
        texts = Counter((each.community, each.text.casefold()) for each in self.shown.values())
        return sum(times - 1 for times in texts.values())
