"""What has to be in place before a store on PostgreSQL can open."""

from pathlib import Path

import sqlalchemy as sa

from bot.store.directory import exclusive
from bot.store.errors import StoreError, unavailable
from bot.store.foundation import Foundation
from bot.store.identity import KEY_FILE, MemberHasher, member_key
from bot.store.location import place_of
from bot.store.marks import key_noted, note_key
from bot.store.postgres import PostgresBackend, new_engine
from bot.store.schema import upgrade_postgres
from bot.store.sessions import SessionOwners

__all__ = ["check_key", "lay_postgres_foundation", "prepared_engine"]

# No front-end has this name, so it is never the hash of a member.
_KEYS = "key"


def lay_postgres_foundation(
    directory: Path, *, url: sa.URL, busy_timeout: float, deadline: float
) -> Foundation:
    """Bring the database up to date and register; the members' key stays in the directory.

    Raises `StoreError` when a person has to do something, `StoreUnavailable` when trying again may
    help.
    """
    with exclusive(directory):
        hasher = MemberHasher(key=member_key(directory))
    engine = prepared_engine(url)
    try:
        with engine.begin() as connection:
            upgrade_postgres(connection, place=place_of(url))
            check_key(connection, hasher, directory)
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()
    owners = SessionOwners(url=url)
    owner = owners.register()
    return Foundation(
        backend=PostgresBackend(
            url=url, owner=owner.id, busy_timeout=busy_timeout, deadline=deadline
        ),
        hasher=hasher,
        owner=owner,
        owners=owners,
    )


def prepared_engine(url: sa.URL) -> sa.Engine:
    """An engine for a moment's work. Raises `StoreError` for a URL that the driver refuses."""
    engine = new_engine(url, session={"lock_timeout": "30s"}, poolclass=sa.NullPool)
    try:
        engine.connect().close()
    except sa.exc.ProgrammingError as error:
        said = str(error.orig).strip()
        raise StoreError(f"store.url cannot be used: {said}.") from error
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error
    return engine


def check_key(connection: sa.Connection, hasher: MemberHasher, directory: Path) -> None:
    """Raise `StoreError` unless the database knows its members by this key, or none yet."""
    ours = hasher.hash(_KEYS, "")
    noted = key_noted(connection)
    if noted is None:
        note_key(connection, ours)
    elif noted != ours:
        raise StoreError(
            f"{directory / KEY_FILE} is not the key by which this database knows its members;"
            " copy the member.key of the process that began it there."
        )
