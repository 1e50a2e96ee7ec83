"""One row of the store in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.jokes import JokeRequest, Reason
from bot.store.port import Tally, ToldJoke

__all__ = ["Row"]


@dataclass(kw_only=True)
class Row:
    """One request and what became of it; `request.member` is the hash, or empty.

    `delivery` is the address a told joke still has to arrive at and `teller` whose it is, `events`
    the number of each member's last event on it.
    """

    id: int
    request: JokeRequest
    owner: object | None
    asked_at: datetime
    state: str = "pending"
    reason: Reason | None = None
    told: ToldJoke | None = None
    told_at: datetime | None = None
    hidden: bool = False
    delivery: str | None = None
    teller: object | None = None
    votes: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    voted_at: dict[str, datetime] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def tally(self) -> Tally:
        values = list(self.votes.values())
        return Tally(up=values.count(1), down=values.count(-1), flags=len(self.flags))
