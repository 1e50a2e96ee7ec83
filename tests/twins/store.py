"""The store in memory, with the same answers as the one on disk."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.jokes import Community, JokeRequest, Reason
from bot.store.identity import MemberHasher
from bot.store.moments import Clock, now
from bot.store.port import (
    PendingRequest,
    RankedJoke,
    Stats,
    StoreUnavailable,
    Tally,
    ToldJoke,
    UnknownJoke,
    Usage,
)
from bot.store.refusals import (
    check_community,
    check_joke_id,
    check_request,
    check_told,
    check_value,
)

__all__ = ["MemoryStore", "Row"]


@dataclass(kw_only=True)
class Row:
    """One request and what became of it; `request.member` is the hash, or empty."""

    id: int
    request: JokeRequest
    owner: object | None
    asked_at: datetime
    state: str = "pending"
    reason: Reason | None = None
    told: ToldJoke | None = None
    told_at: datetime | None = None
    votes: dict[str, int] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def tally(self) -> Tally:
        values = list(self.votes.values())
        return Tally(up=values.count(1), down=values.count(-1), flags=len(self.flags))


class MemoryStore:
    """Implements `bot.store.port.Store`. Set `unavailable` to make every call fail.

    `rows` is what the database would hold, by joke number.
    """

    def __init__(self, *, clock: Clock = now) -> None:
        self.rows: dict[int, Row] = {}
        self.unavailable = False
        self._clock = clock
        self._closed = False
        self._hasher = MemberHasher(key=b"memory")

    def successor(self) -> "MemoryStore":
        """The store that the next process opens after this one was killed."""
        store = MemoryStore(clock=self._clock)
        store.rows = self.rows
        self._closed = True
        return store

    async def open_request(self, request: JokeRequest) -> int:
        self._check_available()
        check_request(request)
        joke_id = len(self.rows) + 1
        hashed = self._hasher.hash(request.community.front, request.member)
        self.rows[joke_id] = Row(
            id=joke_id,
            request=replace(request, member=hashed),
            owner=self,
            asked_at=self._clock(),
        )
        return joke_id

    async def mark_told(self, joke_id: int, told: ToldJoke) -> bool:
        self._check_available()
        check_joke_id(joke_id)
        check_told(told)
        row = self.rows.get(joke_id)
        if row is None or row.state != "pending":
            raise UnknownJoke(f"Joke {joke_id} is not waiting to be told.")
        if told.fingerprint is not None and await self.heard(
            row.request.community, [told.fingerprint]
        ):
            return False
        row.state, row.told, row.told_at = "told", told, self._clock()
        self._let_go(row)
        return True

    async def mark_declined(self, joke_id: int, reason: Reason) -> None:
        self._check_available()
        row = self.rows.get(joke_id)
        if row is not None and row.state == "pending":
            row.state, row.reason = "declined", reason
            self._let_go(row)

    async def heard(self, community: Community, fingerprints: Collection[str]) -> set[str]:
        self._check_available()
        check_community(community)
        told = {row.told.fingerprint for row in self._told(community) if row.told is not None}
        return {fingerprint for fingerprint in fingerprints if fingerprint in told}

    async def usage(self, community: Community, *, member: str | None, since: datetime) -> Usage:
        self._check_available()
        check_community(community)
        hashed = None if member is None else self._hasher.hash(community.front, member)
        times = [
            row.asked_at
            for row in self.rows.values()
            if row.request.community == community
            and hashed in {None, row.request.member}
            and row.asked_at >= since
            and row.state != "declined"
            and not row.request.operator
        ]
        return Usage(count=len(times), oldest=min(times, default=None))

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        self._check_available()
        check_value(value)
        row = self._known(joke_id)
        row.votes[self._hasher.hash(row.request.community.front, member)] = value
        return row.tally()

    async def flag(self, joke_id: int, member: str) -> Tally:
        self._check_available()
        row = self._known(joke_id)
        row.flags.add(self._hasher.hash(row.request.community.front, member))
        return row.tally()

    async def tally(self, joke_id: int) -> Tally:
        self._check_available()
        return self._known(joke_id).tally()

    async def top(
        self, community: Community, *, since: datetime | None, limit: int
    ) -> Sequence[RankedJoke]:
        self._check_available()
        check_community(community)
        ranked = [
            (tally.up - tally.down, row.told_at, row.id, tally, row.told.text)
            for row in self._told(community)
            if row.told is not None
            and row.told_at is not None
            and (since is None or row.told_at >= since)
            and (tally := row.tally()).up
            and not tally.flags
        ]
        ranked.sort(key=lambda entry: entry[:3], reverse=True)
        return [
            RankedJoke(id=id, text=text, up=tally.up, down=tally.down)
            for _, _, id, tally, text in ranked[: max(limit, 0)]
        ]

    async def stats(self, community: Community, member: str) -> Stats:
        self._check_available()
        check_community(community)
        hashed = self._hasher.hash(community.front, member)
        told = self._told(community)
        tallies = [row.tally() for row in told]
        mine = [row.votes.get(hashed, 0) for row in told]
        return Stats(
            jokes=len(told),
            votes_up=sum(tally.up for tally in tallies),
            votes_down=sum(tally.down for tally in tallies),
            flags=sum(tally.flags for tally in tallies),
            my_jokes=sum(row.request.member == hashed for row in told),
            my_votes_up=mine.count(1),
            my_votes_down=mine.count(-1),
        )

    async def forget(self, front: str, member: str) -> int:
        self._check_available()
        hashed = self._hasher.hash(front, member)
        erased = 0
        for row in self.rows.values():
            erased += row.votes.pop(hashed, None) is not None
            row.flags.discard(hashed)
            if row.request.member == hashed:
                row.request = replace(row.request, member="", address=None)
        return erased

    async def orphans(self) -> Sequence[PendingRequest]:
        self._check_available()
        adopted = [
            row for row in self.rows.values() if row.state == "pending" and row.owner is not self
        ]
        for row in adopted:
            row.owner = self
        adopted.sort(key=lambda row: (row.asked_at, row.id))
        return [PendingRequest(joke_id=row.id, request=row.request) for row in adopted]

    async def close(self) -> None:
        self._closed = True

    def _check_available(self) -> None:
        if self._closed:
            raise StoreUnavailable("The database is closed because Punchline is stopping.")
        if self.unavailable:
            raise StoreUnavailable("The disk is full; free some space and try again.")

    def _known(self, joke_id: int) -> Row:
        check_joke_id(joke_id)
        row = self.rows.get(joke_id)
        if row is None or row.state != "told":
            raise UnknownJoke(f"There is no joke {joke_id}.")
        return row

    def _told(self, community: Community) -> list[Row]:
        return [
            row
            for row in self.rows.values()
            if row.state == "told" and row.request.community == community
        ]

    @staticmethod
    def _let_go(row: Row) -> None:
        row.owner = None
        row.request = replace(row.request, address=None)
