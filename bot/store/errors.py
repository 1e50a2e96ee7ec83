"""What goes wrong with a database, as one plain sentence each."""

import re
import sqlite3

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)

from bot.store.port import StoreUnavailable

__all__ = ["CLOSED", "SLOW", "StoreError", "is_damage", "unavailable", "will_pass"]

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
_REFUSED = "PostgreSQL refuses the user or the password in store.url; correct them."
_POSTGRES = {  # by SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
    "25006": "The database can only be read; name the server that takes writes in store.url.",
    "28000": _REFUSED,
    "28P01": _REFUSED,
    "42501": "The user in store.url may not do that; make it the owner of the database.",
    "53100": "The disk of the database is full; free some space and try again.",
    "53200": "The database has too little memory; give it more and try again.",
    "53300": "The database has too many connections; close some or raise max_connections.",
    "55P03": "Another program keeps the database locked; close it, or try again.",
    "57014": SLOW,
    "XX001": "The database is damaged; stop Punchline and restore a backup.",
    "XX002": "The database is damaged; stop Punchline and restore a backup.",
}
_PASSING = ("08", "40001", "40P01", "53300", "57P")
# A connection that was never made has no SQLSTATE, only what libpq says.
_NEVER_CONNECTED = (
    (re.compile("password|authentication|role .* does not exist|pg_hba"), _REFUSED),
    (
        re.compile("database .* does not exist"),
        "There is no database of the name in store.url; create it, or correct the name.",
    ),
    (re.compile("connection slots|too many clients"), _POSTGRES["53300"]),
)
_UNREACHABLE = "The database cannot be reached; see that PostgreSQL runs where store.url says."
_DAMAGE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_PRIMARY_CODE = 0xFF  # extended SQLite codes keep the primary one in their lowest byte


class StoreError(StoreUnavailable):
    """The database cannot be used until a person does what the sentence says."""


def unavailable(error: DBAPIError | sqlite3.Error) -> StoreUnavailable:
    """The error to raise in place of one from the database driver, without SQL or values in it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, DBAPIError) and not isinstance(cause, sqlite3.Error):
        return StoreUnavailable(_sentence(error))
    return StoreUnavailable(_SENTENCES.get(_code(error), f"The database refused: {cause}."))


def will_pass(error: DBAPIError) -> bool:
    """Whether PostgreSQL may do it in a moment: it starts anew, or the network was interrupted."""
    if isinstance(error, IntegrityError | ProgrammingError | DataError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None or error.connection_invalidated:
        return _sentence(error) == _UNREACHABLE
    return bool(state.startswith(_PASSING))


def _sentence(error: DBAPIError) -> str:
    """What PostgreSQL or its driver says, less the details: they may hold values of rows."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRES:
        return _POSTGRES[state]
    if isinstance(error, OperationalError) and (state is None or state.startswith(_PASSING)):
        return next(
            (s for said, s in _NEVER_CONNECTED if said.search(str(error.orig))), _UNREACHABLE
        )
    diagnosis = getattr(error.orig, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error.orig).partition("\n")[0]
    return f"The database refused: {said}."


def is_damage(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the file is damaged or no database at all."""
    return _code(error) in _DAMAGE


def _code(error: DBAPIError | sqlite3.Error) -> int:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & _PRIMARY_CODE
