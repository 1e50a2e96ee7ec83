"""Everything that is asked of the database, one SELECT each: plain functions of a connection."""

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bot.jokes import Community
from bot.store.port import (
    Quota,
    QuotaReached,
    RankedJoke,
    ShownJoke,
    Stats,
    Tally,
    VersionRecord,
)
from bot.store.tables import communities, flags, jokes, outbox, votes
from bot.votes.rows import IMPORTED

__all__ = [
    "front_of_told",
    "owners",
    "reached",
    "shown",
    "stats",
    "tally",
    "top",
    "topics",
    "versions",
]


def front_of_told(connection: sa.Connection, joke_id: int) -> str | None:
    """The front-end a told joke was told on, or None if there is no such joke."""
    front: str | None = connection.scalar(_FRONT_OF_TOLD, {"joke_id": joke_id})
    return front


def reached(
    connection: sa.Connection,
    quotas: Sequence[Quota],
    community: Community,
    member: str,
    at: datetime,
) -> QuotaReached | None:
    """The first quota that keeps the member from one more request there at this moment, if any."""
    if not quotas:
        return None
    values: dict[str, object] = {**_names(community), "member": member}
    values |= {f"since_{number}": at - quota.window for number, quota in enumerate(quotas)}
    usage = connection.execute(_usage(tuple(quota.of_everybody for quota in quotas)), values)
    for number, count, oldest in sorted(usage):
        quota = quotas[number]
        if count >= quota.jokes:
            return QuotaReached(quota, (at if oldest is None else oldest) + quota.window - at)
    return None


def tally(connection: sa.Connection, joke_id: int) -> Tally | None:
    """The votes on a told joke, or None if there is no such joke."""
    row = connection.execute(_TALLY, {"joke_id": joke_id}).one_or_none()
    return None if row is None else Tally(up=row[0], down=row[1], flags=row[2])


def top(
    connection: sa.Connection, community: Community, *, since: datetime | None, limit: int
) -> Sequence[RankedJoke]:
    """The community's best jokes by upvotes minus downvotes, then newest first."""
    query = _TOP if since is None else _TOP.where(jokes.c.told_at >= since)
    rows = connection.execute(query, {**_names(community), "limit": max(limit, 0)})
    return [RankedJoke(id=row.id, text=row.text, up=row.up, down=row.down) for row in rows]


def stats(connection: sa.Connection, community: Community, member: str) -> Stats:
    """Counts for a community and one of its members."""
    row = connection.execute(_STATS, {**_names(community), "member": member}).one()
    return Stats(**row._asdict())


def shown(connection: sa.Connection, joke_id: int) -> ShownJoke | None:
    """A told joke with its votes, or None if there is no such joke."""
    row = connection.execute(_SHOWN, {"joke_id": joke_id}).one_or_none()
    if row is None:
        return None
    return ShownJoke(
        id=joke_id,
        community=Community(front=row.front, key=row.key),
        text=row.text,
        tally=Tally(up=row.up, down=row.down, flags=row.flags),
        hidden=row.hidden_at is not None,
    )


def topics(
    connection: sa.Connection, community: Community, *, beginning: str, limit: int
) -> Sequence[str]:
    """The best liked topics of the community that begin so."""
    liked: Counter[str] = Counter()
    # Gathered here, because SQLite knows the small letters of English only.
    for topic, votes_for in connection.execute(_TOPICS, _names(community)):
        liked[str(topic).lower()] += votes_for
    best = sorted((-votes_for, topic) for topic, votes_for in liked.items() if votes_for > 0)
    found = [topic for _, topic in best if topic.startswith(beginning.lower())]
    return found[: max(limit, 0)]


def versions(connection: sa.Connection) -> Sequence[VersionRecord]:
    """What members made of each model version, the latest to tell a joke first."""
    return [VersionRecord(**row._asdict()) for row in connection.execute(_VERSIONS)]


def owners(connection: sa.Connection) -> set[str]:
    """The processes that own a pending row or a delivery."""
    return {owner for owner in connection.scalars(_OWNERS) if owner is not None}


def _names(community: Community) -> dict[str, object]:
    return {"front": community.front, "key": community.key}


def _count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions).scalar_subquery()


@cache
def _usage(of_everybody: tuple[bool, ...]) -> sa.CompoundSelect[int, int, datetime]:
    """One row for each quota: its number, the requests that count, and when the first was made."""
    return sa.union_all(*itertools.starmap(_usage_of_one, enumerate(of_everybody)))


def _usage_of_one(number: int, of_everybody: bool) -> sa.Select[int, int, datetime]:
    usage = sa.select(
        sa.literal_column(str(number), sa.Integer), sa.func.count(), sa.func.min(jokes.c.asked_at)
    ).where(
        jokes.c.community_id == _HERE,
        jokes.c.asked_at >= sa.bindparam(f"since_{number}"),
        jokes.c.state != "declined",
        ~jokes.c.operator,
    )
    return usage if of_everybody else usage.where(jokes.c.member == sa.bindparam("member"))


def _select_stats() -> sa.Select[int, int, int, int, int, int, int]:
    here = (jokes.c.community_id == _HERE, jokes.c.state == "told")
    voted = (votes.c.joke_id == jokes.c.id, *here)
    flagged = (flags.c.joke_id == jokes.c.id, *here)
    mine = votes.c.member == sa.bindparam("member")
    up, down = votes.c.value == 1, votes.c.value == -1
    return sa.select(
        _count(jokes, *here).label("jokes"),
        _count(votes, *voted, up).label("votes_up"),
        _count(votes, *voted, down).label("votes_down"),
        _count(flags, *flagged).label("flags"),
        _count(jokes, *here, jokes.c.member == sa.bindparam("member")).label("my_jokes"),
        _count(votes, *voted, mine, up).label("my_votes_up"),
        _count(votes, *voted, mine, down).label("my_votes_down"),
    )


def _select_top() -> sa.Select[int, str | None, int, int]:
    up = sa.func.count().filter(votes.c.value == 1)
    down = sa.func.count().filter(votes.c.value == -1)
    return (
        sa.select(jokes.c.id, jokes.c.text, up.label("up"), down.label("down"))
        .join(votes, votes.c.joke_id == jokes.c.id)
        .where(
            jokes.c.community_id == _HERE,
            jokes.c.state == "told",
            jokes.c.hidden_at.is_(None),
            ~sa.exists().where(flags.c.joke_id == jokes.c.id),
        )
        .group_by(jokes.c.id)
        .having(up > 0)
        .order_by((up - down).desc(), jokes.c.told_at.desc(), jokes.c.id.desc())
        .limit(sa.bindparam("limit"))
    )


def _select_topics() -> sa.Select[str | None, int]:
    return (
        sa.select(jokes.c.topic, sa.func.sum(votes.c.value))
        .join(votes, votes.c.joke_id == jokes.c.id)
        .where(
            jokes.c.community_id == _HERE,
            jokes.c.state == "told",
            jokes.c.hidden_at.is_(None),
            jokes.c.topic.is_not(None),
        )
        .group_by(jokes.c.topic)
    )


def _select_versions() -> sa.Select[str | None, int, int, int, datetime | None]:
    # PostgreSQL adds whole numbers up to a decimal one.
    up = sa.cast(sa.func.coalesce(sa.func.sum(_of_joke(1)), 0), sa.BigInteger)
    down = sa.cast(sa.func.coalesce(sa.func.sum(_of_joke(-1)), 0), sa.BigInteger)
    return (
        sa.select(
            jokes.c.model_version.label("version"),
            sa.func.count().label("jokes"),
            up.label("up"),
            down.label("down"),
            sa.func.max(jokes.c.told_at).label("last_told"),
        )
        .where(jokes.c.state == "told", jokes.c.community_id.not_in(_of_others()))
        .group_by(jokes.c.model_version)
        .order_by(sa.func.max(jokes.c.told_at).desc())
    )


def _of_others() -> sa.Select[int]:
    """The community of other instances, whose versions may have the names of ours."""
    return sa.select(communities.c.id).where(communities.c.front == IMPORTED.front)


def _of_joke(value: int) -> sa.ScalarSelect[int]:
    return _count(votes, votes.c.joke_id == jokes.c.id, votes.c.value == value)


# Built once: putting a statement together takes longer than SQLite takes to run it.
_JOKE = sa.bindparam("joke_id", type_=sa.BigInteger)
_HERE = (
    sa.select(communities.c.id)
    .where(communities.c.front == sa.bindparam("front"), communities.c.key == sa.bindparam("key"))
    .scalar_subquery()
)
_FRONT_OF_TOLD = (
    sa.select(communities.c.front)
    .join(jokes, jokes.c.community_id == communities.c.id)
    .where(jokes.c.id == _JOKE, jokes.c.state == "told")
)
_TALLY = sa.select(
    _count(votes, votes.c.joke_id == _JOKE, votes.c.value == 1),
    _count(votes, votes.c.joke_id == _JOKE, votes.c.value == -1),
    _count(flags, flags.c.joke_id == _JOKE),
).where(sa.exists().where(jokes.c.id == _JOKE, jokes.c.state == "told"))
_TOP = _select_top()
_STATS = _select_stats()
_SHOWN = (
    sa.select(
        communities.c.front,
        communities.c.key,
        jokes.c.text,
        jokes.c.hidden_at,
        _of_joke(1).label("up"),
        _of_joke(-1).label("down"),
        _count(flags, flags.c.joke_id == jokes.c.id).label("flags"),
    )
    .join(communities, communities.c.id == jokes.c.community_id)
    .where(jokes.c.id == _JOKE, jokes.c.state == "told")
)
_TOPICS = _select_topics()
_VERSIONS = _select_versions()
_OWNERS = sa.union(
    sa.select(jokes.c.owner).where(jokes.c.owner.is_not(None)), sa.select(outbox.c.owner)
)
