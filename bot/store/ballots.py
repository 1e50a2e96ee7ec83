"""One member, one vote a joke: what ballots and flags change; functions of a connection."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.port import Ballot, Gesture
from bot.store.tables import flags, votes
from bot.store.upserts import Upsert, inserted_once

__all__ = ["after", "cast", "outdated", "put_flag"]

_REPLAY = timedelta(days=1)


def cast(
    connection: sa.Connection, joke_id: int, *, member: str, ballot: Ballot, at: datetime
) -> int:
    """Change the member's one vote on a told joke and return it."""
    row = connection.execute(_VOTE, {"joke_id": joke_id, "member": member}).one_or_none()
    before = 0 if row is None else int(row.value)
    if row is not None and outdated(ballot, last=row.event, since=at - row.voted_at):
        return before
    value = after(before, ballot)
    _PUT_VOTE.execute(
        connection,
        {
            "joke_id": joke_id,
            "member": member,
            "value": value,
            "voted_at": at,
            "event": ballot.event,
        },
    )
    return value


def outdated(ballot: Ballot, *, last: int | None, since: timedelta) -> bool:
    """Whether a ballot's event is not newer than the last one, `since` ago.

    After a day nothing is delivered again, and Telegram may begin to number at random after a week
    of silence (https://core.telegram.org/bots/api#update).
    """
    return (
        ballot.event is not None and last is not None and ballot.event <= last and since < _REPLAY
    )


def after(before: int, ballot: Ballot) -> int:
    """The vote that a ballot makes of an earlier one."""
    if ballot.gesture is Gesture.SET:
        return ballot.value
    if ballot.value == before:
        return 0
    return before if ballot.gesture is Gesture.RELEASE else ballot.value


def put_flag(connection: sa.Connection, joke_id: int, *, member: str, at: datetime) -> None:
    """Mark a told joke as offensive; a second time changes nothing."""
    _PUT_FLAG.execute(connection, {"joke_id": joke_id, "member": member, "flagged_at": at})


def _upserted_vote() -> Upsert:
    on_sqlite, on_postgres = sqlite.insert(votes), postgresql.insert(votes)
    place = (votes.c.joke_id, votes.c.member)
    return Upsert(
        sqlite=on_sqlite.on_conflict_do_update(
            index_elements=place, set_=_changes(on_sqlite.excluded)
        ),
        postgresql=on_postgres.on_conflict_do_update(
            index_elements=place, set_=_changes(on_postgres.excluded)
        ),
    )


def _changes(new: Any) -> dict[str, Any]:
    return {
        "value": new.value,
        "voted_at": new.voted_at,
        "event": sa.func.coalesce(new.event, votes.c.event),
    }


# Built once: putting a statement together takes longer than SQLite takes to run it.
_VOTE = sa.select(votes.c.value, votes.c.event, votes.c.voted_at).where(
    votes.c.joke_id == sa.bindparam("joke_id"), votes.c.member == sa.bindparam("member")
)
_PUT_VOTE = _upserted_vote()
_PUT_FLAG = inserted_once(flags)
