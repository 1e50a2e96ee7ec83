"""Everything that changes the database: plain functions of a connection in a transaction."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bot.jokes import Community, JokeRequest, Reason
from bot.store.port import PendingRequest, ToldJoke, UnknownJoke
from bot.store.tables import communities, flags, jokes, votes

__all__ = [
    "add_community",
    "add_request",
    "adopt",
    "decline",
    "erase_member",
    "put_flag",
    "put_vote",
    "tell",
]


def add_community(connection: sa.Connection, community: Community, at: datetime) -> None:
    """Make sure that the community has a row."""
    names = {"front": community.front, "key": community.key}
    connection.execute(_ADD_COMMUNITY, {**names, "settings": {}, "created_at": at})


def add_request(
    connection: sa.Connection, request: JokeRequest, *, member: str, owner: str, at: datetime
) -> int:
    """Write a pending row for a community that has one, and return its number."""
    inserted = connection.execute(
        _ADD_REQUEST,
        {
            "its_front": request.community.front,
            "its_key": request.community.key,
            "member": member,
            "state": "pending",
            "owner": owner,
            "address": request.address,
            "topic": request.topic,
            "opening": request.opening,
            "seed": request.seed,
            "operator": request.operator,
            "asked_at": at,
        },
    )
    (joke_id,) = inserted.inserted_primary_key or (0,)
    return int(joke_id)


def tell(connection: sa.Connection, joke_id: int, told: ToldJoke, at: datetime) -> bool:
    """Turn a pending row into a told one, unless its community has heard the fingerprint.

    Raises `UnknownJoke` when the row is not pending.
    """
    updated = connection.execute(
        _TELL,
        {
            "joke_id": joke_id,
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
        return True
    if connection.scalar(_STATE, {"joke_id": joke_id}) != "pending":
        raise UnknownJoke(f"Joke {joke_id} is not waiting to be told.")
    return False


def decline(connection: sa.Connection, joke_id: int, reason: Reason) -> None:
    """Close a pending row; any other stays as it is."""
    connection.execute(_DECLINE, {"joke_id": joke_id, "reason": reason.value})


def put_vote(
    connection: sa.Connection, joke_id: int, *, member: str, value: int, at: datetime
) -> None:
    """Set the member's one vote on a told joke."""
    connection.execute(
        _PUT_VOTE, {"joke_id": joke_id, "member": member, "value": value, "voted_at": at}
    )


def put_flag(connection: sa.Connection, joke_id: int, *, member: str, at: datetime) -> None:
    """Mark a told joke as offensive; a second time changes nothing."""
    connection.execute(_PUT_FLAG, {"joke_id": joke_id, "member": member, "flagged_at": at})


def erase_member(connection: sa.Connection, member: str) -> int:
    """Delete the member's votes and flags, unlink their jokes, and return the votes deleted."""
    erased = connection.execute(sa.delete(votes).where(votes.c.member == member)).rowcount
    connection.execute(sa.delete(flags).where(flags.c.member == member))
    connection.execute(
        sa.update(jokes).where(jokes.c.member == member).values(member=None, address=None)
    )
    return erased


def adopt(connection: sa.Connection, *, of: Collection[str], by: str) -> Sequence[PendingRequest]:
    """Hand the pending rows of dead owners to a living one and return them, oldest first."""
    theirs = jokes.c.owner.in_(of)
    rows = connection.execute(
        sa.select(jokes, communities.c.front, communities.c.key)
        .join(communities, communities.c.id == jokes.c.community_id)
        .where(theirs)
        .order_by(jokes.c.asked_at, jokes.c.id)
    ).all()
    connection.execute(sa.update(jokes).where(theirs).values(owner=by))
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


def _insert_request() -> sa.Insert:
    home = sa.select(communities.c.id).where(
        communities.c.front == sa.bindparam("its_front"),
        communities.c.key == sa.bindparam("its_key"),
    )
    return sa.insert(jokes).values(community_id=home.scalar_subquery())


def _update_to_told() -> sa.Update:
    earlier = jokes.alias("earlier")
    already_heard = sa.exists().where(
        earlier.c.community_id == jokes.c.community_id,
        earlier.c.fingerprint == sa.bindparam("told_fingerprint"),
    )
    return (
        sa.update(jokes)
        .where(jokes.c.id == sa.bindparam("joke_id"), _PENDING, ~already_heard)
        .values(state="told", owner=None, address=None)
    )


def _upsert_vote() -> sa.Insert:
    insert = sqlite.insert(votes)
    return insert.on_conflict_do_update(
        index_elements=[votes.c.joke_id, votes.c.member],
        set_={"value": insert.excluded.value, "voted_at": insert.excluded.voted_at},
    )


# Built once: putting a statement together takes longer than SQLite takes to run it.
_PENDING = jokes.c.state == "pending"
_ADD_COMMUNITY = sqlite.insert(communities).on_conflict_do_nothing()
_ADD_REQUEST = _insert_request()
_TELL = _update_to_told()
_STATE = sa.select(jokes.c.state).where(jokes.c.id == sa.bindparam("joke_id"))
_DECLINE = (
    sa.update(jokes)
    .where(jokes.c.id == sa.bindparam("joke_id"), _PENDING)
    .values(state="declined", owner=None, address=None)
)
_PUT_VOTE = _upsert_vote()
_PUT_FLAG = sqlite.insert(flags).on_conflict_do_nothing()
