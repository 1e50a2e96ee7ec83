"""A look at a database on PostgreSQL from outside, for `punchline doctor`."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.errors import StoreError, unavailable
from bot.store.location import place_of
from bot.store.port import StoreUnavailable
from bot.store.postgres_foundation import prepared_engine
from bot.store.schema import Schema, read_postgres_schema, refuse_unusable
from bot.store.sessions import SessionOwners
from bot.store.tables import jokes, votes

__all__ = ["ServerState", "inspect_server"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerState:
    """What `inspect_server` saw; `problem` is one sentence about what keeps Punchline from it."""

    place: str
    schema: Schema | None = None
    release: str = ""
    jokes: int = 0
    votes: int = 0
    processes: int = 0
    problem: str | None = None


def inspect_server(url: sa.URL) -> ServerState:
    """Look at the database; changes nothing. Blocks."""
    place = place_of(url)
    try:
        engine = prepared_engine(url)
        with engine.connect() as connection:
            return _look(connection, url, place)
    except sa.exc.DBAPIError as error:
        return ServerState(place=place, problem=str(unavailable(error)))
    except (StoreError, StoreUnavailable) as error:
        return ServerState(place=place, problem=str(error))


def _look(connection: sa.Connection, url: sa.URL, place: str) -> ServerState:
    schema = read_postgres_schema(connection)
    refuse_unusable(schema, place)
    release = connection.exec_driver_sql("SHOW server_version").scalar_one()
    if schema is Schema.EMPTY:
        if not connection.exec_driver_sql(_MAY_CREATE).scalar_one():
            raise StoreError("The user in store.url may not create tables; make it the owner.")
        return ServerState(place=place, schema=schema, release=release)
    return ServerState(
        place=place,
        schema=schema,
        release=release,
        jokes=_count(connection, jokes, jokes.c.state == "told"),
        votes=_count(connection, votes, votes.c.value != 0),
        processes=SessionOwners(url=url).count_alive(),
    )


def _count(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(which)) or 0


_MAY_CREATE = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
