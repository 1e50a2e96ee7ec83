"""Posts, communities' settings and notes in the database."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.jokes import Community
from bot.store import writes
from bot.store.database import Database
from bot.store.identity import MemberHasher
from bot.store.moments import Clock
from bot.store.names import joke_name
from bot.store.record_port import Post
from bot.store.refusals import check_community, check_text
from bot.store.tables import communities, jokes, notes, posts
from bot.store.upserts import inserted_once
from bot.store.writer import Writer, executing

__all__ = ["SEAL_CHARACTERS", "SqlRecords"]

SEAL_CHARACTERS = 10
# No front-end has this name, so a seal is never the hash of a member.
_SEALS = "seal"


class SqlRecords:
    """See `bot.store.record_port.Records` for each method."""

    def __init__(
        self, *, database: Database, writer: Writer, hasher: MemberHasher, clock: Clock
    ) -> None:
        self._database = database
        self._writer = writer
        self._hasher = hasher
        self._clock = clock

    async def posted(self, joke_id: int, post: Post) -> None:
        _check_post(post)
        row = {**_names(post), "joke_id": joke_id, "posted_at": self._clock()}

        def put(connection: sa.Connection) -> None:
            _POST.execute(connection, row)
            writes.settle_delivery(connection, joke_id)

        await self._writer.write(put, among=(joke_name(joke_id),))

    async def joke_at(self, post: Post) -> int | None:
        _check_post(post)
        query = sa.select(posts.c.joke_id).where(*_is(post))
        found: int | None = await self._database.read(lambda c: c.scalar(query))
        return found

    async def posts(self, joke_id: int) -> Sequence[Post]:
        query = (
            sa.select(posts.c.front, posts.c.place, posts.c.message)
            .where(posts.c.joke_id == joke_id)
            .order_by(posts.c.posted_at)
        )
        return await self._database.read(
            lambda c: [Post(**row._asdict()) for row in c.execute(query)]
        )

    async def unposted(self, post: Post) -> None:
        _check_post(post)
        await self._writer.write(executing(sa.delete(posts).where(*_is(post))))

    async def settings(self, community: Community) -> dict[str, Any]:
        check_community(community)
        query = sa.select(communities.c.settings).where(*_here(community))
        found: dict[str, Any] | None = await self._database.read(lambda c: c.scalar(query))
        return found or {}

    async def save_settings(self, community: Community, settings: dict[str, Any]) -> None:
        check_community(community)
        at = self._clock()

        def save(connection: sa.Connection) -> None:
            writes.add_community(connection, community, at)
            connection.execute(
                sa.update(communities).where(*_here(community)).values(settings=settings),
            )

        await self._writer.write(save)

    async def move_community(self, old: Community, new: Community) -> None:
        check_community(old)
        check_community(new)
        if old != new:
            await self._writer.write(lambda connection: _move(connection, old, new))

    async def note(self, name: str) -> str | None:
        query = sa.select(notes.c.text).where(notes.c.name == name)
        found: str | None = await self._database.read(lambda c: c.scalar(query))
        return found

    async def write_note(self, name: str, text: str | None) -> None:
        check_text(name, text)

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(notes).where(notes.c.name == name))
            if text is not None:
                connection.execute(sa.insert(notes).values(name=name, text=text))

        await self._writer.write(write)

    def pseudonym(self, front: str, member: str) -> str:
        return self._hasher.hash(front, member)

    def seal(self, joke_id: int) -> str:
        return self._hasher.hash(_SEALS, str(joke_id))[:SEAL_CHARACTERS]


def _check_post(post: Post) -> None:
    check_text(post.front, post.place, post.message)


def _names(post: Post) -> dict[str, str]:
    return {"front": post.front, "place": post.place, "message": post.message}


def _is(post: Post) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        posts.c.front == post.front,
        posts.c.place == post.place,
        posts.c.message == post.message,
    )


def _here(community: Community) -> tuple[sa.ColumnElement[bool], ...]:
    return (communities.c.front == community.front, communities.c.key == community.key)


def _move(connection: sa.Connection, old: Community, new: Community) -> None:
    row = connection.execute(sa.select(communities).where(*_here(old))).one_or_none()
    if row is None:
        return
    there = connection.scalar(sa.select(communities.c.id).where(*_here(new)))
    if there is not None:
        # A joke that both have heard stays marked as heard once, an event as seen once.
        for column in (jokes.c.fingerprint, jokes.c.origin):
            theirs = sa.select(column).where(jokes.c.community_id == row.id)
            connection.execute(
                sa.update(jokes)
                .where(jokes.c.community_id == there, column.in_(theirs))
                .values({column: None}),
            )
        connection.execute(
            sa.update(jokes).where(jokes.c.community_id == there).values(community_id=row.id),
        )
        connection.execute(sa.delete(communities).where(communities.c.id == there))
    connection.execute(
        sa.update(communities)
        .where(communities.c.id == row.id)
        .values(front=new.front, key=new.key),
    )


_POST = inserted_once(posts)
