"""Everything that changes the database: plain functions of a connection in a transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.sql.dml import ReturningInsert

from bot.jokes import Community, Joke, JokeRequest, Reason
from bot.store.port import (
    PendingRequest,
    ToldJoke,
    UndeliveredJoke,
    UnknownJoke,
)
from bot.store.shelves import take_off, there
from bot.store.tables import (
    communities,
    contributions,
    flags,
    joke_features,
    jokes,
    outbox,
    posts,
    votes,
)
from bot.store.upserts import inserted_once

__all__ = [
    "add_community",
    "add_features",
    "add_request",
    "adopt",
    "adopt_undelivered",
    "decline",
    "erase_member",
    "hide",
    "seen",
    "settle_delivery",
    "tell",
]


def add_community(connection: sa.Connection, community: Community, at: datetime) -> None:
    """Make sure that the community has a row."""
    names = {"front": community.front, "key": community.key}
    _ADD_COMMUNITY.execute(connection, {**names, "settings": {}, "created_at": at})


def add_request(
    connection: sa.Connection, request: JokeRequest, *, member: str, owner: str, at: datetime
) -> int:
    """Write a pending row and return its number; a community that has no row gets one."""
    values = {
        "front": request.community.front,
        "key": request.community.key,
        "member": member,
        "owner": owner,
        "address": request.address,
        "origin": request.origin,
        "topic": request.topic,
        "opening": request.opening,
        "seed": request.seed,
        "operator": request.operator,
        "asked_at": at,
    }
    joke_id = connection.scalar(_ADD_REQUEST, values)
    if joke_id is None:
        add_community(connection, request.community, at)
        joke_id = connection.execute(_ADD_REQUEST, values).scalar_one()
    return joke_id


def seen(connection: sa.Connection, request: JokeRequest) -> bool:
    """Whether a request with the same origin is there already."""
    if request.origin is None:
        return False
    community = request.community
    names = {"front": community.front, "key": community.key, "origin": request.origin}
    return connection.scalar(_SEEN, names) is not None


def tell(
    connection: sa.Connection,
    joke_id: int,
    told: ToldJoke,
    *,
    owner: str,
    at: datetime,
    to_address: bool = True,
) -> bool:
    """Turn the owner's pending row into a told one, unless its community has heard the fingerprint.

    Nor is a joke told that should be on the shelf and is there no more. One with an address goes to
    the outbox; `to_address` is False where it is known to have none. Raises `UnknownJoke` when the
    row is not pending, or another process has adopted it.
    """
    draw = (told.model_version, told.sampling["seed"]) if told.shelved else None
    if draw is not None and not there(connection, *draw, told.fingerprint or ""):
        return False
    if to_address:
        connection.execute(_SEND, {"joke_id": joke_id, "its_owner": owner})
    updated = connection.execute(
        _TELL,
        {
            "joke_id": joke_id,
            "its_owner": owner,
            "told_at": at,
            "text": told.text,
            "fingerprint": told.fingerprint,
            "told_fingerprint": told.fingerprint,
            "model_version": told.model_version,
            "sampling": told.sampling,
            "score": told.score,
            "tokens": told.tokens,
            "seconds": told.seconds,
        },
    )
    if updated.rowcount:
        if draw is not None:
            take_off(connection, *draw)
        if told.features is not None:
            add_features(connection, told.model_version, {joke_id: told.features})
        return True
    settle_delivery(connection, joke_id)
    if connection.scalar(_OPEN, {"joke_id": joke_id, "its_owner": owner}) is None:
        raise UnknownJoke(f"Joke {joke_id} is not waiting to be told.")
    return False


def add_features(connection: sa.Connection, version: str, features: Mapping[int, bytes]) -> None:
    """Keep what a version makes of some jokes; what is known already stays."""
    _PUT_FEATURES.execute(
        connection,
        [
            {"model_version": version, "joke_id": joke_id, "features": vector}
            for joke_id, vector in features.items()
        ],
    )


def decline(connection: sa.Connection, joke_id: int, reason: Reason) -> None:
    """Close a pending row; any other stays as it is."""
    connection.execute(_DECLINE, {"joke_id": joke_id, "reason": reason.value})


def hide(connection: sa.Connection, joke_id: int, *, at: datetime) -> bool:
    """Hide a told joke; False when it was hidden before."""
    hidden = connection.execute(_HIDE, {"hidden_joke_id": joke_id, "hidden_at": at})
    return bool(hidden.rowcount)


def settle_delivery(connection: sa.Connection, joke_id: int) -> None:
    """Forget that a joke was to be delivered."""
    connection.execute(_SETTLE, {"joke_id": joke_id})


def erase_member(connection: sa.Connection, member: str, *, front: str, place: str) -> int:
    """Delete the member's votes and flags, unlink their jokes, and return the votes deleted.

    `place` is the platform's id of the member, which is also that of a private chat with them.
    """
    theirs = sa.select(jokes.c.id).where(jokes.c.member == member)
    connection.execute(sa.delete(outbox).where(outbox.c.joke_id.in_(theirs)))
    connection.execute(sa.delete(posts).where(posts.c.front == front, posts.c.place == place))
    erased = connection.execute(sa.delete(votes).where(votes.c.member == member)).rowcount
    connection.execute(sa.delete(flags).where(flags.c.member == member))
    connection.execute(sa.delete(contributions).where(contributions.c.member == member))
    connection.execute(
        sa.update(jokes).where(jokes.c.member == member).values(member=None, address=None)
    )
    return erased


def adopt(
    connection: sa.Connection, *, of: Collection[str], by: str, fronts: Collection[str] | None
) -> Sequence[PendingRequest]:
    """Hand the pending rows of dead owners to a living one and return them, oldest first."""
    rows = connection.execute(
        sa.select(jokes, communities.c.front, communities.c.key)
        .join(communities, communities.c.id == jokes.c.community_id)
        .where(jokes.c.owner.in_(of), _on(fronts))
        .order_by(jokes.c.asked_at, jokes.c.id)
    ).all()
    adopted = jokes.c.id.in_([row.id for row in rows])
    connection.execute(sa.update(jokes).where(adopted).values(owner=by))
    return [
        PendingRequest(
            joke_id=row.id,
            request=JokeRequest(
                community=Community(front=row.front, key=row.key),
                member=row.member or "",
                topic=row.topic,
                opening=row.opening,
                seed=row.seed,
                address=row.address,
                operator=row.operator,
            ),
        )
        for row in rows
    ]


def adopt_undelivered(
    connection: sa.Connection, *, of: Collection[str], by: str, fronts: Collection[str] | None
) -> Sequence[UndeliveredJoke]:
    """Hand the deliveries of dead owners to a living one and return them, oldest first."""
    rows = connection.execute(
        sa.select(jokes, outbox.c.address.label("goes_to"), communities.c.front)
        .join(outbox, outbox.c.joke_id == jokes.c.id)
        .join(communities, communities.c.id == jokes.c.community_id)
        .where(outbox.c.owner.in_(of), _on(fronts))
        .order_by(jokes.c.id)
    ).all()
    adopted = outbox.c.joke_id.in_([row.id for row in rows])
    connection.execute(sa.update(outbox).where(adopted).values(owner=by))
    return [
        UndeliveredJoke(
            front=row.front,
            address=row.goes_to,
            joke=Joke(
                id=row.id,
                text=row.text,
                topic=row.topic,
                opening=row.opening,
                model_version=row.model_version,
                tokens=row.tokens,
                seconds=row.seconds,
            ),
        )
        for row in rows
    ]


def _on(fronts: Collection[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if fronts is None else communities.c.front.in_(fronts)


def _insert_request() -> ReturningInsert[int]:
    """Inserts nothing for a community that has no row."""
    given = ("member", "owner", "address", "origin", "topic", "opening", "seed", "operator")
    columns = [jokes.c[name] for name in (*given, "asked_at")]
    home = sa.select(
        communities.c.id,
        sa.literal("pending", jokes.c.state.type),
        *(sa.bindparam(column.name, type_=column.type) for column in columns),
    ).where(communities.c.front == sa.bindparam("front"), communities.c.key == sa.bindparam("key"))
    names = ["community_id", "state", *(column.name for column in columns)]
    return sa.insert(jokes).from_select(names, home).returning(jokes.c.id)


def _update_to_told() -> sa.Update:
    earlier = jokes.alias("earlier")
    already_heard = sa.exists().where(
        earlier.c.community_id == jokes.c.community_id,
        earlier.c.fingerprint == sa.bindparam("told_fingerprint"),
    )
    return (
        sa.update(jokes)
        .where(jokes.c.id == sa.bindparam("joke_id"), _MINE, ~already_heard)
        .values(state="told", owner=None, address=None)
    )


# Built once: putting a statement together takes longer than SQLite takes to run it.
_PENDING = jokes.c.state == "pending"
_MINE = jokes.c.owner == sa.bindparam("its_owner")  # only pending rows have one
_ADD_COMMUNITY = inserted_once(communities)
_ADD_REQUEST = _insert_request()
_TELL = _update_to_told()
_OPEN = sa.select(jokes.c.id).where(jokes.c.id == sa.bindparam("joke_id"), _MINE)
_DECLINE = (
    sa.update(jokes)
    .where(jokes.c.id == sa.bindparam("joke_id"), _PENDING)
    .values(state="declined", owner=None, address=None)
)
_SEEN = (
    sa.select(jokes.c.id)
    .join(communities, communities.c.id == jokes.c.community_id)
    .where(
        communities.c.front == sa.bindparam("front"),
        communities.c.key == sa.bindparam("key"),
        jokes.c.origin == sa.bindparam("origin"),
    )
)
_SEND = sa.insert(outbox).from_select(
    ["joke_id", "owner", "address"],
    sa.select(jokes.c.id, jokes.c.owner, jokes.c.address).where(
        jokes.c.id == sa.bindparam("joke_id"), _MINE, jokes.c.address.is_not(None)
    ),
)
_PUT_FEATURES = inserted_once(joke_features)
_SETTLE = sa.delete(outbox).where(outbox.c.joke_id == sa.bindparam("joke_id"))
_HIDE = (
    sa.update(jokes)
    .where(
        jokes.c.id == sa.bindparam("hidden_joke_id"),
        jokes.c.state == "told",
        jokes.c.hidden_at.is_(None),
    )
    .values(hidden_at=sa.bindparam("hidden_at"))
)
