"""The store as the service sees it; `tests/twins/store.py` holds the in-memory twin."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.jokes import Community, Joke, JokeRequest, Reason
from bot.votes.rows import ImportCounts, ImportedJoke, VoteRow

__all__ = [
    "Ballot",
    "DuplicateRequest",
    "Gesture",
    "PendingRequest",
    "Quota",
    "QuotaReached",
    "RankedJoke",
    "ShownJoke",
    "Stats",
    "Store",
    "StoreUnavailable",
    "Tally",
    "ToldJoke",
    "UndeliveredJoke",
    "UnknownJoke",
    "VersionRecord",
    "Voted",
]


class StoreUnavailable(Exception):  # noqa: N818 - reads as what has happened
    """The database could not do it now (locked, disk full, unreadable), in one plain sentence.

    Nothing was changed, unless it only answered too late: then the change may still happen.
    """


class UnknownJoke(Exception):  # noqa: N818 - reads as what has happened
    """No told joke has this number."""


class DuplicateRequest(Exception):  # noqa: N818 - reads as what has happened
    """A request with this origin has been written down before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """At most so many accepted requests in any stretch of `window`.

    They are those of the member who asks, or of everybody there. The owner's own (operator)
    requests do not count, nor do declined ones.
    """

    reason: Reason
    jokes: int
    window: timedelta
    of_everybody: bool = False


class QuotaReached(Exception):  # noqa: N818 - reads as what has happened
    """A request would be one too many; it would not be when `left` has passed."""

    def __init__(self, quota: Quota, left: timedelta) -> None:
        super().__init__(f"{quota.jokes} jokes in {quota.window} are all there may be.")
        self.quota = quota
        self.left = left


class Gesture(StrEnum):
    """What a member did: set a vote, press a vote's button, or take a reaction away.

    Pressing the button of the vote one has withdraws it. Releasing withdraws only that vote: a
    member who has voted otherwise since keeps the later vote.
    """

    SET = "set"
    PRESS = "press"
    RELEASE = "release"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ballot:
    """A gesture with a value, +1, -1, or (only to set) 0.

    `event` is the platform's number of it, where it has one; of a member's events on a joke, one
    that is not newer than the last is ignored, so that nothing delivered twice counts twice.
    """

    value: int
    gesture: Gesture = Gesture.SET
    event: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldJoke:
    """What is written when a pending request becomes a told joke.

    `fingerprint` is None for a repeat asked for by seed, which may be told again.
    `sampling` is plain JSON: temperature, top_k, top_p, seed, max_tokens, candidates. `features` is
    what the model makes of the joke, where it says so. `shelved` says that it comes from its
    version's shelf, from the draw with the seed in `sampling`.
    """

    text: str
    fingerprint: str | None
    model_version: str
    sampling: dict[str, Any]
    score: float
    tokens: int
    seconds: float
    features: bytes | None = None
    shelved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The votes of one joke."""

    up: int
    down: int
    flags: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Voted:
    """What a ballot led to: the member's vote now, +1, -1 or 0, and the joke's votes."""

    value: int
    tally: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownJoke:
    """A told joke as a message shows it."""

    id: int
    community: Community
    text: str
    tally: Tally
    hidden: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRecord:
    """What members made of one model version."""

    version: str
    jokes: int
    up: int
    down: int
    last_told: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedJoke:
    """One row of /top."""

    id: int
    text: str
    up: int
    down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stats:
    """What /stats shows about a community and about the member who asks."""

    jokes: int
    votes_up: int
    votes_down: int
    flags: int
    my_jokes: int
    my_votes_up: int
    my_votes_down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingRequest:
    """A request whose bot process died before it was answered."""

    joke_id: int
    request: JokeRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class UndeliveredJoke:
    """A joke that was told, but whose bot process died before it knew that the joke arrived."""

    front: str
    address: str
    joke: Joke


class Store(Protocol):
    """Everything Punchline remembers. Every method may raise `StoreUnavailable`.

    A method that has returned has committed: what it wrote survives `kill -9` and a power cut.
    Times are timezone-aware UTC. Members are passed as platform ids and kept as keyed hashes.
    Text with NUL characters or lone surrogates, which cannot be stored, raises `ValueError`.
    """

    async def open_request(self, request: JokeRequest, *, quotas: Sequence[Quota] = ()) -> int:
        """Write a `pending` row owned by this process and return its joke number.

        Requests of the same moment count each other, those of other processes too. A caller that
        stops waiting leaves no pending row behind. Raises `DuplicateRequest` or else, for the first
        quota that is used up, `QuotaReached`.
        """

    async def mark_told(self, joke_id: int, told: ToldJoke) -> bool:
        """Turn a pending row into a told joke; one with an address waits to be delivered.

        Returns False, changing nothing, when this community has heard the fingerprint already, or
        when the joke should be on the shelf and is there no more: the row is still pending then.
        A joke from the shelf takes its whole draw away. Raises `UnknownJoke` when the row is not
        pending.
        """

    async def mark_declined(self, joke_id: int, reason: Reason) -> None:
        """Close a pending row without a joke; a row that is no longer pending stays as it is."""

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        """Set the member's one vote on a joke: +1, -1, or 0 to withdraw. Raises `UnknownJoke`."""

    async def cast(self, joke_id: int, member: str, ballot: Ballot) -> Voted:
        """Let a member's gesture change their one vote. Raises `UnknownJoke`."""

    async def flag(self, joke_id: int, member: str) -> Tally:
        """Mark a joke as offensive, once per member. Raises `UnknownJoke`."""

    async def hide(self, joke_id: int) -> bool:
        """Hide a joke for good; False when it was hidden already. Raises `UnknownJoke`."""

    async def shown(self, joke_id: int) -> ShownJoke:
        """A told joke with its votes. Raises `UnknownJoke`."""

    async def tally(self, joke_id: int) -> Tally:
        """The votes on a joke. Raises `UnknownJoke`."""

    async def top(
        self, community: Community, *, since: datetime | None, limit: int
    ) -> Sequence[RankedJoke]:
        """The best jokes here by upvotes minus downvotes, then newest first.

        Only jokes with at least one upvote and no flag, none that is hidden; `since` is about when
        they were told.
        """

    async def topics(self, community: Community, *, beginning: str, limit: int) -> Sequence[str]:
        """Topics of jokes that got more upvotes than downvotes here, the most liked first.

        Only those that begin with `beginning`, in any case of letters.
        """

    async def versions(self) -> Sequence[VersionRecord]:
        """Every model version that has told a joke here, the latest to tell one first."""

    def votes(self) -> AsyncIterator[VoteRow]:
        """Every vote that was not withdrawn, by joke and member, with the joke it is about.

        Those on hidden or flagged jokes are marked as withheld, to be counted and not learned
        from. A vote that changes meanwhile comes as it was or as it is.
        """

    async def import_votes(self, jokes: Sequence[ImportedJoke]) -> ImportCounts:
        """Merge jokes that other instances told, with all their votes; twice changes nothing.

        They belong to `bot.votes.rows.IMPORTED`. A joke that was told here is left alone.
        """

    async def stats(self, community: Community, member: str) -> Stats:
        """Counts for a community and one of its members."""

    async def forget(self, front: str, member: str) -> int:
        """Erase a member's votes and flags and unlink their jokes; returns the votes erased.

        It holds for every community of the front-end.
        """

    async def orphans(self, fronts: Collection[str] | None = None) -> Sequence[PendingRequest]:
        """Adopt the pending rows whose owner process is gone, oldest first, and return them.

        Only those of communities of some `fronts`, if they are given.
        Adopted rows belong to this process, so two processes never recover the same request.
        The platform's id of a member is never stored, so `request.member` is the keyed hash here,
        or empty when the member has asked to be forgotten since.
        """

    async def undelivered(self, fronts: Collection[str] | None = None) -> Sequence[UndeliveredJoke]:
        """Adopt the told jokes whose owner process is gone before they were known to arrive.

        Only those of communities of some `fronts`, if they are given.
        """

    async def delivered(self, joke_id: int) -> None:
        """Note that a told joke need not be delivered any more."""

    async def close(self) -> None:
        """Release the database; later calls raise `StoreUnavailable`."""
