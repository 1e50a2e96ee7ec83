"""Jokes and votes of other instances, merged: plain functions of a connection in a transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.store import writes
from bot.store.identity import MemberHasher
from bot.store.refusals import check_text, check_value
from bot.store.tables import communities, jokes, votes
from bot.votes.rows import IMPORTED, ImportCounts, ImportedJoke, ImportedVote, joke_key

__all__ = ["CHUNK", "check_imported", "imported_votes", "merge"]

CHUNK = 200
"""Jokes merged in one transaction, so that no vote waits long for it."""


def check_imported(joke: ImportedJoke) -> None:
    """Raise `ValueError` for what cannot be stored as it is."""
    check_text(joke.topic, joke.opening, joke.text, joke.model_version)
    for vote in joke.votes:
        check_text(vote.member)
        check_value(vote.value)


def imported_votes(joke: ImportedJoke, hasher: MemberHasher) -> dict[str, ImportedVote]:
    """The joke's votes by the hash of their member; of two by one member the last counts."""
    return {hasher.hash(IMPORTED.front, vote.member): vote for vote in joke.votes}


def merge(
    connection: sa.Connection,
    *,
    arriving: Sequence[ImportedJoke],
    hasher: MemberHasher,
    at: datetime,
) -> ImportCounts:
    """Add the jokes that are new, and make the votes of each imported joke those of the file.

    A joke that was told here is left alone.
    """
    writes.add_community(connection, IMPORTED, at)
    here = connection.scalar(_COMMUNITY)
    own = _told_here(connection, arriving)
    foreign = {joke.key: joke for joke in arriving if joke.key not in own}
    known = {
        origin: joke_id
        for origin, joke_id in connection.execute(_KNOWN, {"origins": list(foreign)})
    }
    changed = 0
    for key, joke in foreign.items():
        joke_id = known.get(key) or _add(connection, joke, community_id=here, at=at)
        changed += _put_votes(connection, joke_id, imported_votes(joke, hasher))
    return ImportCounts(
        jokes=len(foreign.keys() - known.keys()),
        votes=changed,
        own=sum(joke.key in own for joke in arriving),
    )


def _told_here(connection: sa.Connection, arriving: Sequence[ImportedJoke]) -> set[str]:
    moments = {"moments": [joke.told_at for joke in arriving]}
    return {joke_key(**row._asdict()) for row in connection.execute(_TOLD_HERE, moments)}


def _add(
    connection: sa.Connection, joke: ImportedJoke, *, community_id: object, at: datetime
) -> int:
    inserted = connection.execute(
        _ADD,
        {
            "community_id": community_id,
            "state": "told",
            "operator": False,
            "asked_at": at,
            "told_at": joke.told_at,
            "topic": joke.topic,
            "opening": joke.opening,
            "text": joke.text,
            "model_version": joke.model_version,
            "sampling": {},
            "score": 0.0,
            "tokens": 0,
            "seconds": 0.0,
            "origin": joke.key,
        },
    )
    (joke_id,) = inserted.inserted_primary_key or (0,)
    return int(joke_id)


def _put_votes(connection: sa.Connection, joke_id: int, wanted: Mapping[str, ImportedVote]) -> int:
    """Make these the joke's only votes; returns how many were put, changed or taken away."""
    rows = connection.execute(_VOTES, {"joke_id": joke_id})
    there = {member: (value, voted_at) for member, value, voted_at in rows}
    new = {member: (vote.value, vote.voted_at) for member, vote in wanted.items()}
    stale = [member for member, vote in there.items() if new.get(member) != vote]
    fresh = [member for member, vote in new.items() if there.get(member) != vote]
    if stale:
        connection.execute(_TAKE_AWAY, {"joke_id": joke_id, "members": stale})
    if fresh:
        connection.execute(
            _PUT,
            [
                {"joke_id": joke_id, "member": member, "value": value, "voted_at": voted_at}
                for member, (value, voted_at) in new.items()
                if member in fresh
            ],
        )
    return len({*stale, *fresh})


# Built once: putting a statement together takes longer than SQLite takes to run it.
_COMMUNITY = sa.select(communities.c.id).where(
    communities.c.front == IMPORTED.front, communities.c.key == IMPORTED.key
)
_HERE = _COMMUNITY.scalar_subquery()
_KNOWN = sa.select(jokes.c.origin, jokes.c.id).where(
    jokes.c.community_id == _HERE, jokes.c.origin.in_(sa.bindparam("origins", expanding=True))
)
_TOLD_HERE = sa.select(jokes.c.text, jokes.c.model_version, jokes.c.told_at).where(
    jokes.c.community_id != _HERE,
    jokes.c.told_at.in_(sa.bindparam("moments", expanding=True)),
)
_ADD = sa.insert(jokes)
_VOTES = sa.select(votes.c.member, votes.c.value, votes.c.voted_at).where(
    votes.c.joke_id == sa.bindparam("joke_id")
)
_TAKE_AWAY = sa.delete(votes).where(
    votes.c.joke_id == sa.bindparam("joke_id"),
    votes.c.member.in_(sa.bindparam("members", expanding=True)),
)
_PUT = sa.insert(votes)
