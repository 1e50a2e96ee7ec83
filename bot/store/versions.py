"""Versions, roles and runs in the database."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.store import trial_reads
from bot.store.database import Database
from bot.store.identity import MemberHasher
from bot.store.moments import Clock
from bot.store.owners import Owner, Owners
from bot.store.tables import contributions, roles, runs, versions
from bot.store.version_port import (
    Contribution,
    Ending,
    MadeVersion,
    Roles,
    Run,
    Stage,
    TrialVotes,
    VersionState,
)
from bot.store.writer import Writer, executing

__all__ = ["SqlVersions"]

_ROLES = [column for column in roles.c if column.name != "id"]
_RUN = [column for column in runs.c if column.name not in ("owner", "going_on")]


class SqlVersions:
    """See `bot.store.version_port.Versions` for each method."""

    def __init__(
        self,
        *,
        database: Database,
        writer: Writer,
        hasher: MemberHasher,
        owner: Owner,
        owners: Owners,
        clock: Clock,
    ) -> None:
        self._database = database
        self._writer = writer
        self._hasher = hasher
        self._owner = owner
        self._owners = owners
        self._clock = clock

    async def roles(self) -> Roles | None:
        return await self._database.read(_read_roles)

    async def assume(self, new: Roles, *, instead_of: Roles | None) -> bool:
        def change(connection: sa.Connection) -> bool:
            if _read_roles(connection) != instead_of:
                return False
            connection.execute(sa.delete(roles))
            connection.execute(sa.insert(roles).values(id=1, **asdict(new)))
            return True

        return await self._writer.write(change)

    async def add(self, version: MadeVersion, *, voters: Mapping[str, int]) -> None:
        row = {**asdict(version), "state": version.state.value}
        learned = [
            {"version": version.name, "member": member, "votes": votes}
            for member, votes in voters.items()
        ]

        def put(connection: sa.Connection) -> None:
            connection.execute(sa.delete(versions).where(versions.c.name == version.name))
            connection.execute(
                sa.delete(contributions).where(contributions.c.version == version.name)
            )
            connection.execute(sa.insert(versions).values(row))
            if learned:
                connection.execute(sa.insert(contributions), learned)

        await self._writer.write(put)

    async def mark(
        self,
        name: str,
        *,
        state: VersionState | None = None,
        verdict: Mapping[str, Any] | None = None,
        kept: bool | None = None,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        given = {
            "state": state and state.value,
            "verdict": verdict,
            "kept": kept,
            "manifest": manifest,
        }
        changes = {key: value for key, value in given.items() if value is not None}
        change = sa.update(versions).where(versions.c.name == name).values(changes)
        await self._writer.write(executing(change))

    async def all(self) -> Sequence[MadeVersion]:
        query = sa.select(versions).order_by(versions.c.created_at.desc(), versions.c.name.desc())
        return await self._database.read(
            lambda connection: [
                MadeVersion(**{**row._mapping, "state": VersionState(row.state)})
                for row in connection.execute(query)
            ]
        )

    async def contributions(self, front: str, member: str) -> Sequence[Contribution]:
        query = (
            sa.select(contributions.c.version, contributions.c.votes)
            .join(versions, versions.c.name == contributions.c.version)
            .where(
                contributions.c.member == self._hasher.hash(front, member),
                versions.c.state == VersionState.PASSED.value,
            )
            .order_by(versions.c.created_at.desc())
        )
        return await self._database.read(
            lambda connection: [Contribution(**row._mapping) for row in connection.execute(query)]
        )

    async def begin(self, *, parent: str) -> Run | None:
        row = {
            "owner": self._owner.id,
            "stage": Stage.SNAPSHOT.value,
            "parent": parent,
            "detail": "",
            "began_at": self._clock(),
            "going_on": 1,
        }

        def insert(connection: sa.Connection) -> Run | None:
            if _going_on(connection) is not None:
                return None
            connection.execute(sa.insert(runs).values(row))
            return _going_on(connection)

        return await self._writer.write(insert)

    async def going_on(self) -> Run | None:
        return await self._database.read(_going_on)

    async def adopt(self) -> Run | None:
        query = sa.select(runs.c.id, runs.c.owner).where(runs.c.ending.is_(None))
        found = await self._database.read(
            lambda connection: connection.execute(query).one_or_none()
        )
        if found is None:
            return None
        mine = found.owner == self._owner.id
        if found.owner and not mine:
            gone = await asyncio.to_thread(self._owners.dead, [found.owner])
            if not gone:
                return None
        take = (
            sa.update(runs)
            .where(runs.c.id == found.id, runs.c.owner.is_not_distinct_from(found.owner))
            .where(runs.c.ending.is_(None))
            .values(owner=self._owner.id)
        )

        def adopt(connection: sa.Connection) -> Run | None:
            return _going_on(connection) if connection.execute(take).rowcount else None

        return await self._writer.write(adopt)

    async def last(self) -> Run | None:
        query = sa.select(*_RUN).order_by(runs.c.id.desc()).limit(1)
        return await self._database.read(lambda connection: _first(connection, query))

    async def advance(
        self, run: int, stage: Stage, *, version: str | None = None, snapshot: str | None = None
    ) -> None:
        given = {"stage": stage.value, "version": version, "snapshot": snapshot}
        changes = {key: value for key, value in given.items() if value is not None}
        change = sa.update(runs).where(*_open(run)).values(changes)
        await self._writer.write(executing(change))

    async def release(self, run: int) -> None:
        change = sa.update(runs).where(*_open(run)).values(owner=None)
        await self._writer.write(executing(change))

    async def end(self, run: int, ending: Ending, *, detail: str) -> bool:
        change = (
            sa.update(runs)
            .where(*_open(run))
            .values(ending=ending.value, ended_at=self._clock(), detail=detail)
            .values(owner=None, going_on=None)
        )
        return await self._writer.write(lambda connection: connection.execute(change).rowcount > 0)

    async def trial_votes(
        self, names: Collection[str], *, since: datetime
    ) -> Mapping[str, TrialVotes]:
        return await self._database.read(partial(trial_reads.trial_votes, names=names, since=since))


def _read_roles(connection: sa.Connection) -> Roles | None:
    row = connection.execute(sa.select(*_ROLES)).one_or_none()
    return None if row is None else Roles(**row._mapping)


def _going_on(connection: sa.Connection) -> Run | None:
    return _first(connection, sa.select(*_RUN).where(runs.c.ending.is_(None)))


def _first(connection: sa.Connection, query: sa.Select[Any]) -> Run | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    ending = None if row.ending is None else Ending(row.ending)
    return Run(**{**row._mapping, "stage": Stage(row.stage), "ending": ending})


def _open(run: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (runs.c.id == run, runs.c.ending.is_(None))
