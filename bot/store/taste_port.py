"""What the store keeps for taste; `tests/twins/tastes.py` holds the in-memory twin."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.jokes import Community

__all__ = ["ReadJoke", "TasteVote", "Tastes", "UnreadJoke"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TasteVote:
    """A vote, +1 or -1, of a member (keyed hash) on a joke."""

    joke_id: int
    member: str
    value: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadJoke:
    """A told joke and what a version makes of it, nothing at all if it could not read it."""

    text: str
    features: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadJoke:
    """A told joke of which a version has not said what it makes."""

    joke_id: int
    topic: str | None
    opening: str | None
    text: str


class Tastes(Protocol):
    """Features of jokes by model version, and votes to learn from.

    Features come with the joke in `Store.mark_told`. No votes of hidden or flagged jokes are here,
    nor withdrawn ones. Every method may raise `StoreUnavailable`.
    """

    async def votes(self, community: Community | None, *, limit: int) -> Sequence[TasteVote]:
        """The newest votes of a community, or of all if None, the newest first."""

    async def communities(self, numbers: Collection[int]) -> set[Community]:
        """Where these jokes were told."""

    async def features(self, version: str, numbers: Collection[int]) -> Mapping[int, ReadJoke]:
        """What a version makes of these jokes, as far as it is known."""

    async def unread(self, version: str, *, votes: int, limit: int) -> Sequence[UnreadJoke]:
        """Up to `limit` jokes of the newest `votes` that a version has not read, newest first."""

    async def put_features(self, version: str, features: Mapping[int, bytes]) -> None:
        """Keep what a version makes of jokes."""

    async def basis(self, version: str) -> bytes | None:
        """The basis that was kept for a version."""

    async def put_basis(self, version: str, basis: bytes) -> None:
        """Keep a version's basis for good; all features are looked at in it."""

    async def retain(self, versions: Collection[str], *, unvoted: int) -> None:
        """Forget what other versions make of jokes.

        Of these versions, forget it of jokes without votes but for the newest `unvoted` jokes.
        """
