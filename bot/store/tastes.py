"""What taste needs of the database."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from bot.jokes import Community
from bot.store import writes
from bot.store.database import Database
from bot.store.refusals import check_community, check_text
from bot.store.tables import communities, flags, joke_features, jokes, taste_bases, votes
from bot.store.taste_port import ReadJoke, TasteVote, UnreadJoke
from bot.store.upserts import inserted_once
from bot.store.writer import Writer

__all__ = ["SqlTastes"]


class SqlTastes:
    """See `bot.store.taste_port.Tastes` for each method."""

    def __init__(self, *, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def votes(self, community: Community | None, *, limit: int) -> Sequence[TasteVote]:
        if community is not None:
            check_community(community)
        query = _newest_votes(community).limit(limit)
        return await self._database.read(
            lambda c: [
                TasteVote(joke_id=row.joke_id, member=row.member, value=row.value)
                for row in c.execute(query)
            ]
        )

    async def communities(self, numbers: Collection[int]) -> set[Community]:
        query = (
            sa.select(communities.c.front, communities.c.key)
            .join(jokes, jokes.c.community_id == communities.c.id)
            .where(jokes.c.id.in_(numbers))
            .distinct()
        )
        return await self._database.read(
            lambda c: {Community(**row._asdict()) for row in c.execute(query)}
        )

    async def features(self, version: str, numbers: Collection[int]) -> Mapping[int, ReadJoke]:
        query = (
            sa.select(jokes.c.id, jokes.c.text, joke_features.c.features)
            .join(joke_features, joke_features.c.joke_id == jokes.c.id)
            .where(joke_features.c.model_version == version, jokes.c.id.in_(numbers))
        )
        return await self._database.read(
            lambda c: {
                row.id: ReadJoke(text=row.text or "", features=row.features)
                for row in c.execute(query)
            }
        )

    async def unread(self, version: str, *, votes: int, limit: int) -> Sequence[UnreadJoke]:
        newest = _newest_votes(None).limit(votes).subquery()
        read = sa.exists().where(
            joke_features.c.joke_id == jokes.c.id, joke_features.c.model_version == version
        )
        query = (
            sa.select(jokes.c.id, jokes.c.topic, jokes.c.opening, jokes.c.text)
            .where(jokes.c.id.in_(sa.select(newest.c.joke_id)), ~read)
            .order_by(jokes.c.id.desc())
            .limit(limit)
        )
        return await self._database.read(
            lambda c: [
                UnreadJoke(
                    joke_id=row.id, topic=row.topic, opening=row.opening, text=row.text or ""
                )
                for row in c.execute(query)
            ]
        )

    async def put_features(self, version: str, features: Mapping[int, bytes]) -> None:
        check_text(version)
        if features:
            await self._writer.write(lambda c: writes.add_features(c, version, features))

    async def basis(self, version: str) -> bytes | None:
        query = sa.select(taste_bases.c.basis).where(taste_bases.c.model_version == version)
        found: bytes | None = await self._database.read(lambda c: c.scalar(query))
        return found

    async def put_basis(self, version: str, basis: bytes) -> None:
        check_text(version)
        row = {"model_version": version, "basis": basis}
        await self._writer.write(lambda connection: _PUT_BASIS.execute(connection, row))

    async def retain(self, versions: Collection[str], *, unvoted: int) -> None:
        kept = list(versions)

        def forget(connection: sa.Connection) -> None:
            for table in (joke_features, taste_bases):
                connection.execute(sa.delete(table).where(table.c.model_version.not_in(kept)))
            newest = connection.scalar(sa.select(sa.func.max(jokes.c.id))) or 0
            connection.execute(
                sa.delete(joke_features).where(
                    joke_features.c.joke_id <= newest - unvoted,
                    ~sa.exists().where(
                        votes.c.joke_id == joke_features.c.joke_id, votes.c.value != 0
                    ),
                ),
            )

        await self._writer.write(forget)


def _newest_votes(community: Community | None) -> sa.Select[int, str, int]:
    query = (
        sa.select(votes.c.joke_id, votes.c.member, votes.c.value)
        .join(jokes, jokes.c.id == votes.c.joke_id)
        .where(
            votes.c.value != 0,
            jokes.c.state == "told",
            jokes.c.hidden_at.is_(None),
            ~sa.exists().where(flags.c.joke_id == jokes.c.id),
        )
        # By joke, not by time: the primary key gives that order without sorting all votes.
        .order_by(votes.c.joke_id.desc(), votes.c.member.desc())
    )
    if community is None:
        return query
    return query.join(communities, communities.c.id == jokes.c.community_id).where(
        communities.c.front == community.front, communities.c.key == community.key
    )


_PUT_BASIS = inserted_once(taste_bases)
