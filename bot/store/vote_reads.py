"""All votes with their jokes, a page at a time: plain functions of a connection."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.jokes import Community
from bot.store.tables import communities, flags, jokes, votes
from bot.votes.rows import VoteRow

__all__ = ["PAGE", "Place", "page"]

PAGE = 2_000
"""Votes read in one statement, so that nobody else waits long."""

Place = tuple[int, str]
"""The joke and the member of a vote."""


def page(connection: sa.Connection, *, after: Place) -> Sequence[VoteRow]:
    """The next votes by joke and member; none is withdrawn. Fewer than `PAGE` are the last."""
    joke_id, member = after
    rows = connection.execute(_PAGE, {"after_joke": joke_id, "after_member": member})
    return [
        VoteRow(
            joke_id=row.joke_id,
            community=Community(front=row.front, key=row.key),
            member=row.member,
            value=row.value,
            topic=row.topic,
            opening=row.opening,
            text=row.text,
            model_version=row.model_version,
            told_at=row.told_at,
            voted_at=row.voted_at,
            withheld=row.withheld,
        )
        for row in rows
    ]


def _select_page() -> sa.Select[tuple[object, ...]]:
    withheld = sa.or_(
        jokes.c.hidden_at.is_not(None), sa.exists().where(flags.c.joke_id == jokes.c.id)
    )
    place = sa.tuple_(votes.c.joke_id, votes.c.member)
    after = sa.tuple_(
        sa.bindparam("after_joke", type_=sa.BigInteger),
        sa.bindparam("after_member", type_=sa.String),
    )
    return (
        sa.select(
            *(votes.c.joke_id, votes.c.member, votes.c.value, votes.c.voted_at),
            *(communities.c.front, communities.c.key),
            *(jokes.c.topic, jokes.c.opening, jokes.c.text),
            *(jokes.c.model_version, jokes.c.told_at),
            withheld.label("withheld"),
        )
        .join(jokes, jokes.c.id == votes.c.joke_id)
        .join(communities, communities.c.id == jokes.c.community_id)
        .where(place > after, votes.c.value != 0, jokes.c.state == "told")
        .order_by(votes.c.joke_id, votes.c.member)
        .limit(PAGE)
    )


# Built once: putting a statement together takes longer than SQLite takes to run it.
_PAGE = _select_page()
