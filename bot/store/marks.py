"""Notes about a database on PostgreSQL itself: the members' key, and who has it open.

Each process has a mark: that it has not ended well yet, and which transaction was its last.
"""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bot.store.tables import notes

__all__ = [
    "key_noted",
    "leave_mark",
    "mark_left",
    "marked_owners",
    "not_housekeeping",
    "note_key",
    "remove_marks",
]

_PREFIX = "owner "
_KEY = "member key"


def leave_mark(connection: sa.Connection, *, owner: str, mark: str) -> None:
    """Write which transaction this is; whoever finds the mark later knows that it committed."""
    connection.execute(_LEAVE, {"name": _name(owner), "text": mark})


def mark_left(connection: sa.Connection, *, owner: str) -> str | None:
    """The owner's last mark, after the end of a transaction that is still writing one."""
    query = sa.select(notes.c.text).where(notes.c.name == _name(owner)).with_for_update()
    found: str | None = connection.scalar(query)
    return found


def marked_owners(connection: sa.Connection) -> set[str]:
    """The owners that have not removed their marks."""
    names = connection.scalars(sa.select(notes.c.name).where(notes.c.name.startswith(_PREFIX)))
    return {name.removeprefix(_PREFIX) for name in names}


def remove_marks(connection: sa.Connection, owners: Collection[str]) -> None:
    """Note that these owners have ended."""
    names = [_name(owner) for owner in owners]
    connection.execute(sa.delete(notes).where(notes.c.name.in_(names)))


def key_noted(connection: sa.Connection) -> str | None:
    """What tells the key by which this database knows its members."""
    found: str | None = connection.scalar(sa.select(notes.c.text).where(notes.c.name == _KEY))
    return found


def note_key(connection: sa.Connection, text: str) -> None:
    """Write down what tells the members' key."""
    connection.execute(sa.insert(notes).values(name=_KEY, text=text))


def not_housekeeping() -> sa.ColumnElement[bool]:
    """The notes that are not of this kind."""
    return sa.and_(notes.c.name != _KEY, ~notes.c.name.startswith(_PREFIX))


def _name(owner: str) -> str:
    return f"{_PREFIX}{owner}"


def _upserted() -> postgresql.Insert:
    insert = postgresql.insert(notes)
    return insert.on_conflict_do_update(
        index_elements=[notes.c.name], set_={"text": insert.excluded.text}
    )


_LEAVE = _upserted()
