"""The store in a database: SQLite or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import sqlalchemy as sa
from pydantic import SecretStr

from bot.jokes import Community, JokeRequest, Reason
from bot.measures import Measures
from bot.store import ballots, reads, vote_imports, vote_reads, writes
from bot.store.backend import Among
from bot.store.database import Database
from bot.store.foundation import Foundation, lay_foundation
from bot.store.location import database_url
from bot.store.moments import Clock, now
from bot.store.names import community_name, draw_name, joke_name
from bot.store.port import (
    Ballot,
    DuplicateRequest,
    PendingRequest,
    Quota,
    QuotaReached,
    RankedJoke,
    ShownJoke,
    Stats,
    Tally,
    ToldJoke,
    UndeliveredJoke,
    UnknownJoke,
    VersionRecord,
    Voted,
)
from bot.store.records import SqlRecords
from bot.store.refusals import (
    check_community,
    check_joke_id,
    check_request,
    check_text,
    check_told,
    check_value,
)
from bot.store.shelves import SqlShelves, take_joke_off
from bot.store.tastes import SqlTastes
from bot.store.versions import SqlVersions
from bot.store.writer import Operation, Writer
from bot.votes.rows import ImportCounts, ImportedJoke, VoteRow

__all__ = ["SqlStore"]

T = TypeVar("T")

_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _OpenRequest:
    """What is known of a request from this process: its community, and whether it has an address.

    Only a joke with an address is to be delivered again after a crash.
    """

    home: str
    to_address: bool


class SqlStore:
    """What Punchline remembers; see `bot.store.port.Store` for each method.

    Text with NUL characters or lone surrogates is refused with `ValueError`: prompts and jokes
    are cleaned long before they come here.
    """

    def __init__(
        self,
        *,
        database: Database,
        writer: Writer,
        foundation: Foundation,
        clock: Clock,
    ) -> None:
        self._database = database
        self._writer = writer
        self._hasher = foundation.hasher
        self._owner = foundation.owner
        self._owners = foundation.owners
        self._clock = clock
        self._closed = False
        self.records = SqlRecords(
            database=database, writer=writer, hasher=foundation.hasher, clock=clock
        )
        self.tastes = SqlTastes(database=database, writer=writer)
        self.shelves = SqlShelves(database=database, writer=writer)
        self.model_versions = SqlVersions(
            database=database,
            writer=writer,
            hasher=foundation.hasher,
            owner=foundation.owner,
            owners=foundation.owners,
            clock=clock,
        )
        # It never changes once committed, so a few thousand are kept instead of asked for.
        self._fronts: dict[int, str] = {}
        self._open: dict[int, _OpenRequest] = {}

    @classmethod
    async def open(
        cls,
        *,
        directory: Path,
        url: SecretStr | None = None,
        busy_timeout: float = 5.0,
        deadline: float = 10.0,
        clock: Clock = now,
        measures: Measures | None = None,
    ) -> Self:
        """Open the store in this directory; create it, or bring its schema up to date, if needed.

        With a `url` the database is on PostgreSQL, and only the members' key in the directory.
        `busy_timeout` is how many seconds to wait for another process's lock, `deadline` how many
        an operation may take in all. Raises `StoreError` when a person has to do something, and
        `StoreUnavailable` when trying again may help.
        """
        preparing = asyncio.ensure_future(
            asyncio.to_thread(
                lay_foundation,
                directory,
                url=database_url(url),
                busy_timeout=busy_timeout,
                deadline=deadline,
            )
        )
        try:
            foundation = await asyncio.shield(preparing)
        except asyncio.CancelledError:
            preparing.add_done_callback(_abandon)
            raise
        database = Database(backend=foundation.backend, deadline=deadline)
        return cls(
            database=database,
            writer=Writer(database=database, deadline=deadline, measures=measures),
            foundation=foundation,
            clock=clock,
        )

    async def open_request(self, request: JokeRequest, *, quotas: Sequence[Quota] = ()) -> int:
        check_request(request)
        member = self._hasher.hash(request.community.front, request.member)
        at = self._clock()

        # Refusals are returned, not raised: what raises has the whole batch run once more.
        def add(connection: sa.Connection) -> int | DuplicateRequest | QuotaReached:
            if writes.seen(connection, request):
                return DuplicateRequest(f"The event {request.origin} has been answered before.")
            here = request.community
            if (reached := reads.reached(connection, quotas, here, member, at)) is not None:
                return reached
            return writes.add_request(
                connection, request, member=member, owner=self._owner.id, at=at
            )

        def take_back(opened: int | DuplicateRequest | QuotaReached) -> Operation[None]:
            joke_id = opened if isinstance(opened, int) else 0
            return lambda connection: writes.decline(connection, joke_id, Reason.CANCELLED)

        home = community_name(request.community)
        opened = await self._writer.write(add, undo=take_back, among=(home,))
        if isinstance(opened, int):
            self._open[opened] = _OpenRequest(home=home, to_address=request.address is not None)
            return opened
        raise opened

    async def mark_told(self, joke_id: int, told: ToldJoke) -> bool:
        check_joke_id(joke_id)
        check_told(told)
        opened = self._open.get(joke_id)
        tell = partial(
            writes.tell,
            joke_id=joke_id,
            told=told,
            owner=self._owner.id,
            at=self._clock(),
            to_address=opened is None or opened.to_address,
        )
        told_here = await self._writer.write(tell, among=_touched(opened, told))
        if told_here:
            self._open.pop(joke_id, None)
        return told_here

    async def mark_declined(self, joke_id: int, reason: Reason) -> None:
        await self._writer.write(
            lambda connection: writes.decline(connection, joke_id, reason),
            among=(joke_name(joke_id),),
        )
        self._open.pop(joke_id, None)

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        return (await self.cast(joke_id, member, Ballot(value=value))).tally

    async def cast(self, joke_id: int, member: str, ballot: Ballot) -> Voted:
        check_value(ballot.value)
        at = self._clock()
        value, tally = await self._mark(
            joke_id,
            member,
            lambda connection, hashed: ballots.cast(
                connection, joke_id, member=hashed, ballot=ballot, at=at
            ),
            among=(joke_name(joke_id),),
        )
        return Voted(value=value, tally=tally)

    async def flag(self, joke_id: int, member: str) -> Tally:
        at = self._clock()

        def put(connection: sa.Connection, hashed: str) -> None:
            ballots.put_flag(connection, joke_id, member=hashed, at=at)
            take_joke_off(connection, joke_id)

        _, tally = await self._mark(joke_id, member, put, among=None)
        return tally

    async def hide(self, joke_id: int) -> bool:
        check_joke_id(joke_id)
        at = self._clock()

        def hide(connection: sa.Connection) -> bool | None:
            if reads.front_of_told(connection, joke_id) is None:
                return None
            take_joke_off(connection, joke_id)
            return writes.hide(connection, joke_id, at=at)

        return _known(joke_id, await self._writer.write(hide))

    async def shown(self, joke_id: int) -> ShownJoke:
        check_joke_id(joke_id)
        return _known(joke_id, await self._database.read(lambda c: reads.shown(c, joke_id)))

    async def tally(self, joke_id: int) -> Tally:
        check_joke_id(joke_id)
        return _known(joke_id, await self._database.read(lambda c: reads.tally(c, joke_id)))

    async def top(
        self, community: Community, *, since: datetime | None, limit: int
    ) -> Sequence[RankedJoke]:
        check_community(community)
        return await self._database.read(
            lambda connection: reads.top(connection, community, since=since, limit=limit)
        )

    async def topics(self, community: Community, *, beginning: str, limit: int) -> Sequence[str]:
        check_community(community)
        check_text(beginning)
        return await self._database.read(
            lambda connection: reads.topics(connection, community, beginning=beginning, limit=limit)
        )

    async def versions(self) -> Sequence[VersionRecord]:
        return await self._database.read(reads.versions)

    async def votes(self) -> AsyncIterator[VoteRow]:
        after: vote_reads.Place = (0, "")
        while True:
            page = await self._database.read(partial(vote_reads.page, after=after))
            for row in page:
                yield row
            if len(page) < vote_reads.PAGE:
                return
            after = (page[-1].joke_id, page[-1].member)

    async def import_votes(self, jokes: Sequence[ImportedJoke]) -> ImportCounts:
        for joke in jokes:
            vote_imports.check_imported(joke)
        at, counts = self._clock(), ImportCounts()
        for start in range(0, len(jokes), vote_imports.CHUNK):
            chunk = jokes[start : start + vote_imports.CHUNK]
            merge = partial(vote_imports.merge, arriving=chunk, hasher=self._hasher, at=at)
            counts += await self._writer.write(merge)
        return counts

    async def stats(self, community: Community, member: str) -> Stats:
        check_community(community)
        hashed = self._hasher.hash(community.front, member)
        return await self._database.read(
            lambda connection: reads.stats(connection, community, hashed)
        )

    async def forget(self, front: str, member: str) -> int:
        hashed = self._hasher.hash(front, member)
        return await self._writer.write(
            lambda c: writes.erase_member(c, hashed, front=front, place=member)
        )

    async def orphans(self, fronts: Collection[str] | None = None) -> Sequence[PendingRequest]:
        if not (dead := await self._dead_owners()):
            return []
        return await self._writer.write(
            lambda connection: writes.adopt(connection, of=dead, by=self._owner.id, fronts=fronts)
        )

    async def undelivered(self, fronts: Collection[str] | None = None) -> Sequence[UndeliveredJoke]:
        if not (dead := await self._dead_owners()):
            return []
        return await self._writer.write(
            lambda connection: writes.adopt_undelivered(
                connection, of=dead, by=self._owner.id, fronts=fronts
            )
        )

    async def delivered(self, joke_id: int) -> None:
        await self._writer.write(
            lambda connection: writes.settle_delivery(connection, joke_id),
            among=(joke_name(joke_id),),
        )

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._database.refuse_reads()
        try:
            await self._writer.close()
            await self._database.close()
        finally:
            await asyncio.to_thread(self._owner.release)

    async def _dead_owners(self) -> list[str]:
        owners = await self._database.read(reads.owners)
        return await asyncio.to_thread(self._owners.dead, owners - {self._owner.id})

    async def _mark(
        self, joke_id: int, member: str, put: Callable[[sa.Connection, str], T], *, among: Among
    ) -> tuple[T, Tally]:
        check_joke_id(joke_id)

        def mark(connection: sa.Connection) -> tuple[str, T, Tally] | None:
            front = self._fronts.get(joke_id) or reads.front_of_told(connection, joke_id)
            if front is None:
                return None
            result = put(connection, self._hasher.hash(front, member))
            tally = reads.tally(connection, joke_id)
            return None if tally is None else (front, result, tally)

        front, result, tally = _known(joke_id, await self._writer.write(mark, among=among))
        if len(self._fronts) >= _REMEMBERED:
            self._fronts.clear()
        self._fronts[joke_id] = front
        return result, tally


def _touched(opened: _OpenRequest | None, told: ToldJoke) -> Among:
    """What telling a joke touches; everything, if its request came from another process."""
    if opened is None:
        return None
    if not told.shelved:
        return (opened.home,)
    return opened.home, draw_name(told.model_version, told.sampling["seed"])


def _known(joke_id: int, found: T | None) -> T:
    if found is None:
        raise UnknownJoke(f"There is no joke {joke_id}.")
    return found


def _abandon(preparing: asyncio.Future[Foundation]) -> None:
    if not preparing.cancelled() and preparing.exception() is None:
        asyncio.get_running_loop().run_in_executor(None, preparing.result().owner.release)
