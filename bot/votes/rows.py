"""A vote with the joke it is about, and what comes in from another instance."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.jokes import Community

__all__ = ["IMPORTED", "ImportCounts", "ImportedJoke", "ImportedVote", "VoteRow", "joke_key"]

IMPORTED = Community(front="import", key="votes")
"""Where the jokes of other instances belong; no front-end has this name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoteRow:
    """One member's vote, +1 or -1, on one joke.

    `member` is the store's keyed hash. `withheld` says that the joke was hidden, or that somebody
    found it offensive: nothing learns from it.
    """

    joke_id: int
    community: Community
    member: str
    value: int
    topic: str | None
    opening: str | None
    text: str
    model_version: str
    told_at: datetime
    voted_at: datetime
    withheld: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedVote:
    """A vote, +1 or -1, of somebody another instance knows; `member` tells them apart."""

    member: str
    value: int
    voted_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedJoke:
    """A joke another instance told, with all the votes that are known of it."""

    topic: str | None
    opening: str | None
    text: str
    model_version: str
    told_at: datetime
    votes: Sequence[ImportedVote]

    @property
    def key(self) -> str:
        """See `joke_key`."""
        return joke_key(text=self.text, model_version=self.model_version, told_at=self.told_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportCounts:
    """What an import changed: jokes new here, votes new, changed or gone, jokes told here."""

    jokes: int = 0
    votes: int = 0
    own: int = 0

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        return ImportCounts(
            jokes=self.jokes + other.jokes,
            votes=self.votes + other.votes,
            own=self.own + other.own,
        )


def joke_key(*, text: str, model_version: str, told_at: datetime) -> str:
    """40 hexadecimal digits that are the same for one telling of a joke in every instance."""
    told = [text, model_version, told_at.astimezone(UTC).isoformat()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:40]
