"""The store in memory, with the same answers as the one on disk."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.jokes import Community, Joke, JokeRequest, Reason
from bot.store.ballots import after, outdated
from bot.store.identity import MemberHasher
from bot.store.moments import Clock, now
from bot.store.port import (
    Ballot,
    DuplicateRequest,
    PendingRequest,
    Quota,
    QuotaReached,
    RankedJoke,
    ShownJoke,
    Stats,
    StoreUnavailable,
    Tally,
    ToldJoke,
    UndeliveredJoke,
    UnknownJoke,
    VersionRecord,
    Voted,
)
from bot.store.refusals import (
    check_community,
    check_joke_id,
    check_request,
    check_text,
    check_told,
    check_value,
)
from bot.store.vote_imports import check_imported, imported_votes
from bot.votes.rows import IMPORTED, ImportCounts, ImportedJoke, VoteRow, joke_key
from tests.twins.records import MemoryRecords
from tests.twins.rows import Row, imported_row
from tests.twins.shelves import MemoryShelves
from tests.twins.tastes import MemoryTastes

__all__ = ["MemoryStore", "Row"]


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
        self.records = MemoryRecords(rows=self.rows, hasher=self._hasher)
        self.tastes = MemoryTastes(rows=self.rows)
        self.shelves = MemoryShelves(rows=self.rows)

    def successor(self) -> "MemoryStore":
        """The store that the next process opens after this one was killed."""
        store = MemoryStore(clock=self._clock)
        store.rows = self.rows
        store.records = self.records
        store.tastes = self.tastes
        store.shelves = self.shelves
        self._closed = True
        return store

    async def open_request(self, request: JokeRequest, *, quotas: Sequence[Quota] = ()) -> int:
        self._check_available()
        check_request(request)
        if self._seen(request):
            raise DuplicateRequest(f"The event {request.origin} has been answered before.")
        for quota in quotas:
            self._check_quota(request, quota)
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
        draw = (told.model_version, told.sampling.get("seed", 0))
        if told.shelved and not self.shelves.there(*draw, told.fingerprint):
            return False
        row = self.rows.get(joke_id)
        if row is None or row.state != "pending":
            raise UnknownJoke(f"Joke {joke_id} is not waiting to be told.")
        heard = {
            other.told.fingerprint for other in self._told(row.request.community) if other.told
        }
        if told.fingerprint is not None and told.fingerprint in heard:
            return False
        row.state, row.told, row.told_at = "told", told, self._clock()
        row.delivery, row.teller = row.request.address, row.owner
        if told.shelved:
            self.shelves.take_off(*draw)
        if told.features is not None:
            await self.tastes.put_features(told.model_version, {joke_id: told.features})
        self._let_go(row)
        return True

    async def mark_declined(self, joke_id: int, reason: Reason) -> None:
        self._check_available()
        row = self.rows.get(joke_id)
        if row is not None and row.state == "pending":
            row.state, row.reason = "declined", reason
            self._let_go(row)

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        self._check_available()
        return (await self.cast(joke_id, member, Ballot(value=value))).tally

    async def cast(self, joke_id: int, member: str, ballot: Ballot) -> Voted:
        self._check_available()
        check_value(ballot.value)
        row = self._known(joke_id)
        hashed = self._hasher.hash(row.request.community.front, member)
        at = self._clock()
        since = at - row.voted_at.get(hashed, at)
        if not outdated(ballot, last=row.events.get(hashed), since=since):
            row.votes[hashed] = after(row.votes.get(hashed, 0), ballot)
            row.voted_at[hashed] = at
            if ballot.event is not None:
                row.events[hashed] = ballot.event
        return Voted(value=row.votes.get(hashed, 0), tally=row.tally())

    async def flag(self, joke_id: int, member: str) -> Tally:
        self._check_available()
        row = self._known(joke_id)
        row.flags.add(self._hasher.hash(row.request.community.front, member))
        self.shelves.take_joke_off(row)
        return row.tally()

    async def hide(self, joke_id: int) -> bool:
        self._check_available()
        row = self._known(joke_id)
        newly, row.hidden = not row.hidden, True
        self.shelves.take_joke_off(row)
        return newly

    async def shown(self, joke_id: int) -> ShownJoke:
        self._check_available()
        row = self._known(joke_id)
        assert row.told is not None
        return ShownJoke(
            id=joke_id,
            community=row.request.community,
            text=row.told.text,
            tally=row.tally(),
            hidden=row.hidden,
        )

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
            and not row.hidden
        ]
        ranked.sort(key=lambda entry: entry[:3], reverse=True)
        return [
            RankedJoke(id=id, text=text, up=tally.up, down=tally.down)
            for _, _, id, tally, text in ranked[: max(limit, 0)]
        ]

    async def topics(self, community: Community, *, beginning: str, limit: int) -> Sequence[str]:
        self._check_available()
        check_community(community)
        check_text(beginning)
        liked: dict[str, int] = {}
        for row in self._told(community):
            topic = row.request.topic
            if topic and not row.hidden and row.votes:
                liked[topic.lower()] = liked.get(topic.lower(), 0) + sum(row.votes.values())
        best = sorted((-votes, topic) for topic, votes in liked.items() if votes > 0)
        found = [topic for _, topic in best if topic.startswith(beginning.lower())]
        return found[: max(limit, 0)]

    async def versions(self) -> Sequence[VersionRecord]:
        self._check_available()
        records: dict[str, VersionRecord] = {}
        for row in self.rows.values():
            if row.told is None or row.told_at is None or row.request.community == IMPORTED:
                continue
            name, tally = row.told.model_version, row.tally()
            so_far = records.get(name)
            records[name] = VersionRecord(
                version=name,
                jokes=(so_far.jokes if so_far else 0) + 1,
                up=(so_far.up if so_far else 0) + tally.up,
                down=(so_far.down if so_far else 0) + tally.down,
                last_told=max(row.told_at, so_far.last_told) if so_far else row.told_at,
            )
        return sorted(records.values(), key=lambda record: record.last_told, reverse=True)

    async def votes(self) -> AsyncIterator[VoteRow]:
        self._check_available()
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            for vote in row.vote_rows():
                yield vote

    async def import_votes(self, jokes: Sequence[ImportedJoke]) -> ImportCounts:
        self._check_available()
        for joke in jokes:
            check_imported(joke)
        own = {
            joke_key(text=row.told.text, model_version=row.told.model_version, told_at=row.told_at)
            for row in self.rows.values()
            if row.told is not None
            and row.told_at is not None
            and row.request.community != IMPORTED
        }
        counts = ImportCounts()
        for joke in jokes:
            counts += ImportCounts(own=1) if joke.key in own else self._take_in(joke)
        return counts

    def _take_in(self, joke: ImportedJoke) -> ImportCounts:
        known = {row.request.origin: row for row in self._told(IMPORTED)}
        row = known.get(joke.key) or imported_row(joke, id=len(self.rows) + 1, at=self._clock())
        self.rows[row.id] = row
        there = {member: (value, row.voted_at[member]) for member, value in row.votes.items()}
        wanted = imported_votes(joke, self._hasher)
        new = {member: (vote.value, vote.voted_at) for member, vote in wanted.items()}
        row.votes = {member: value for member, (value, _) in new.items()}
        row.voted_at = {member: at for member, (_, at) in new.items()}
        changed = {member for member, _ in there.items() ^ new.items()}
        return ImportCounts(jokes=int(joke.key not in known), votes=len(changed))

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
            row.events.pop(hashed, None)
            row.flags.discard(hashed)
            if row.request.member == hashed:
                row.request = replace(row.request, member="", address=None)
                row.delivery = None
        for post in [
            post for post in self.records.shown if (post.front, post.place) == (front, member)
        ]:
            del self.records.shown[post]
        return erased

    async def orphans(self, fronts: Collection[str] | None = None) -> Sequence[PendingRequest]:
        self._check_available()
        adopted = [
            row
            for row in self.rows.values()
            if row.state == "pending" and row.owner is not self and _is_on(row, fronts)
        ]
        for row in adopted:
            row.owner = self
        adopted.sort(key=lambda row: (row.asked_at, row.id))
        return [PendingRequest(joke_id=row.id, request=row.request) for row in adopted]

    async def undelivered(self, fronts: Collection[str] | None = None) -> Sequence[UndeliveredJoke]:
        self._check_available()
        found = []
        for row in self.rows.values():
            if (
                row.delivery is None
                or row.told is None
                or row.teller is self
                or not _is_on(row, fronts)
            ):
                continue
            row.teller = self
            joke = Joke(
                id=row.id,
                text=row.told.text,
                topic=row.request.topic,
                opening=row.request.opening,
                model_version=row.told.model_version,
                tokens=row.told.tokens,
                seconds=row.told.seconds,
            )
            front = row.request.community.front
            found.append(UndeliveredJoke(front=front, address=row.delivery, joke=joke))
        return found

    async def delivered(self, joke_id: int) -> None:
        self._check_available()
        if joke_id in self.rows:
            self.rows[joke_id].delivery = None

    async def close(self) -> None:
        self._closed = True

    def _seen(self, request: JokeRequest) -> bool:
        return request.origin is not None and any(
            (row.request.community, row.request.origin) == (request.community, request.origin)
            for row in self.rows.values()
        )

    def _check_quota(self, request: JokeRequest, quota: Quota) -> None:
        hashed = self._hasher.hash(request.community.front, request.member)
        now = self._clock()
        times = [
            row.asked_at
            for row in self.rows.values()
            if row.request.community == request.community
            and (quota.of_everybody or row.request.member == hashed)
            and row.asked_at >= now - quota.window
            and row.state != "declined"
            and not row.request.operator
        ]
        if len(times) >= quota.jokes:
            raise QuotaReached(quota, min(times, default=now) + quota.window - now)

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


def _is_on(row: Row, fronts: Collection[str] | None) -> bool:
    return fronts is None or row.request.community.front in fronts
