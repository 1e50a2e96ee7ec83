"""The state of a database's schema, and the migrations that bring it up to date."""

import logging
import sqlite3
import threading
from enum import StrEnum
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.store.errors import StoreError, is_damage, unavailable

__all__ = [
    "HOLD_SCHEMA",
    "Schema",
    "read_postgres_schema",
    "read_schema",
    "refuse_unusable",
    "upgrade",
    "upgrade_postgres",
]

logger = logging.getLogger(__name__)

_REVISIONS = "SELECT version_num FROM alembic_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
# An advisory lock, whose first number is that of writes.
_PREPARING = "SELECT pg_advisory_xact_lock(1886744163, 128)"
HOLD_SCHEMA = "SELECT pg_advisory_lock(1886744163, 128)"
"""Lets no process bring the database up to date, or start, until the session ends."""
# Alembic keeps the migration it is running in module globals: one at a time in a process.
_ALEMBIC = threading.Lock()


class Schema(StrEnum):
    """What a file or a database on PostgreSQL holds, as this program sees it."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Raises `sqlite3.Error` when the file cannot be read now (locked, no permission)."""
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        found = set()
        if _is_ours(tables):
            found = {row[0] for row in connection.execute(_REVISIONS)}
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return Schema.DAMAGED
        raise
    return _schema(tables, found)


def read_postgres_schema(connection: sa.Connection) -> Schema:
    """The same for a database on PostgreSQL."""
    tables = set(sa.inspect(connection).get_table_names())
    found = set(connection.exec_driver_sql(_REVISIONS).scalars()) if _is_ours(tables) else set()
    return _schema(tables, found)


def _is_ours(tables: set[str]) -> bool:
    return {"alembic_version", "jokes"} <= tables


def _schema(tables: set[str], found: set[str]) -> Schema:
    if not tables:
        return Schema.EMPTY
    if not _is_ours(tables):
        return Schema.FOREIGN
    script = ScriptDirectory.from_config(_configuration())
    if found == set(script.get_heads()):
        return Schema.CURRENT
    known = {revision.revision for revision in script.walk_revisions()}
    return Schema.BEHIND if found <= known else Schema.NEWER


def refuse_unusable(schema: Schema, path: Path | str) -> None:
    """Raise `StoreError` unless this program can use the database, perhaps after migrating it."""
    if schema is Schema.NEWER:
        raise StoreError(
            f"{path} was written by a newer Punchline; upgrade Punchline, or restore a backup."
        )
    if schema is Schema.FOREIGN:
        raise StoreError(f"{path} is not a Punchline database; choose another one.")
    if schema is Schema.DAMAGED:
        raise StoreError(
            f"{path} is not a database, or is damaged; move it away or restore a backup."
        )


def upgrade(path: Path, *, busy_timeout: float) -> None:
    """Apply the missing migrations in one transaction; an existing file is required.

    Raises `StoreError` when the file is not for this program, `StoreUnavailable` when the
    database cannot be written now. Nothing is changed then.
    """
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy_timeout},
        poolclass=sa.NullPool,
    )
    sa.event.listen(engine, "connect", _take_over_transactions)
    sa.event.listen(engine, "begin", _begin_immediate)
    try:
        with _ALEMBIC, engine.begin() as connection:
            schema = read_schema(cast(sqlite3.Connection, connection.connection.driver_connection))
            refuse_unusable(schema, path)
            if schema is Schema.CURRENT:
                return
            command.upgrade(_configuration(connection), "head")
            logger.info("migrated the database at %s from %s", path, schema)
    except sa.exc.DBAPIError as error:
        if is_damage(error):
            refuse_unusable(Schema.DAMAGED, path)
        raise unavailable(error) from error
    except sqlite3.Error as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()


def upgrade_postgres(connection: sa.Connection, *, place: str) -> None:
    """Apply the missing migrations in the transaction of this connection, alone among processes.

    Raises `StoreError` when the database at this `place` is not for this program.
    """
    connection.exec_driver_sql(_PREPARING)
    schema = read_postgres_schema(connection)
    refuse_unusable(schema, place)
    if schema is not Schema.CURRENT:
        with _ALEMBIC:
            command.upgrade(_configuration(connection), "head")
        logger.info("migrated the database at %s from %s", place, schema)


def _configuration(connection: sa.Connection | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration


def _take_over_transactions(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
