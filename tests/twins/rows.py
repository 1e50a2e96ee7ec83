"""One row of the store in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.jokes import JokeRequest, Reason
from bot.store.port import Tally, ToldJoke
from bot.votes.rows import IMPORTED, ImportedJoke, VoteRow

__all__ = ["Row", "imported_row"]


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

    def vote_rows(self) -> list[VoteRow]:
        """Its votes that were not withdrawn, by member."""
        if self.told is None or self.told_at is None:
            return []
        return [
            VoteRow(
                joke_id=self.id,
                community=self.request.community,
                member=member,
                value=value,
                topic=self.request.topic,
                opening=self.request.opening,
                text=self.told.text,
                model_version=self.told.model_version,
                told_at=self.told_at,
                voted_at=self.voted_at[member],
                withheld=self.hidden or bool(self.flags),
            )
            for member, value in sorted(self.votes.items())
            if value
        ]


def imported_row(joke: ImportedJoke, *, id: int, at: datetime) -> Row:
    """The row of another instance's joke, without votes yet."""
    request = JokeRequest(
        community=IMPORTED, member="", topic=joke.topic, opening=joke.opening, origin=joke.key
    )
    told = ToldJoke(
        text=joke.text,
        fingerprint=None,
        model_version=joke.model_version,
        sampling={},
        score=0.0,
        tokens=0,
        seconds=0.0,
    )
    return Row(
        id=id,
        request=request,
        owner=None,
        asked_at=at,
        state="told",
        told=told,
        told_at=joke.told_at,
    )
