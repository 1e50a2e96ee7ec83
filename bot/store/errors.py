"""What goes wrong with a database, as one plain sentence each."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from bot.store.port import StoreUnavailable

__all__ = ["CLOSED", "SLOW", "StoreError", "is_damage", "unavailable"]

CLOSED = "The database is closed because Punchline is stopping."
SLOW = "The database did not answer in time; try again in a moment."

_SENTENCES = {
    sqlite3.SQLITE_BUSY: "Another program keeps the database locked; close it, or try again.",
    sqlite3.SQLITE_LOCKED: "Another program keeps the database locked; close it, or try again.",
    sqlite3.SQLITE_FULL: "The disk is full; free some space and try again.",
    sqlite3.SQLITE_READONLY: "The database cannot be written; check the permissions of its files.",
    sqlite3.SQLITE_PERM: "The database cannot be written; check the permissions of its files.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened; check its directory and permissions.",
    sqlite3.SQLITE_IOERR: "The disk reported an error; check the disk under the database.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged; stop Punchline and restore a backup.",
    sqlite3.SQLITE_NOTADB: "The database file is damaged; stop Punchline and restore a backup.",
    sqlite3.SQLITE_INTERRUPT: SLOW,
}
_DAMAGE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_PRIMARY_CODE = 0xFF  # extended SQLite codes keep the primary one in their lowest byte


class StoreError(StoreUnavailable):
    """The database cannot be used until a person does what the sentence says."""


def unavailable(error: DBAPIError | sqlite3.Error) -> StoreUnavailable:
    """The error to raise in place of one from the database driver, without SQL or values in it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return StoreUnavailable(_SENTENCES.get(_code(error), f"The database refused: {cause}."))


def is_damage(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the file is damaged or no database at all."""
    return _code(error) in _DAMAGE


def _code(error: DBAPIError | sqlite3.Error) -> int:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & _PRIMARY_CODE
