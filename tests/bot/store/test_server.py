"""A database on PostgreSQL from its first table on: migrations, refusals, and what doctor sees."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr

from bot.jokes import Reason
from bot.store.errors import StoreError
from bot.store.location import database_url, place_of
from bot.store.schema import Schema
from bot.store.server_inspection import ServerState, inspect_server
from bot.store.store import SqlStore
from bot.store.tables import metadata
from bot.store.version_port import Ending, Stage, VersionState
from finetune.moderation import Tier
from tests.bot.store.conftest import Place, tell
from tests.postgres import PostgresServer, connected


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[SecretStr]:
    """An empty database."""
    url = postgres.new_empty_database()
    yield url
    postgres.remove(url)


def address(url: SecretStr) -> sa.URL:
    found = database_url(url)
    assert found is not None
    return found


async def test_processes_that_start_at_once_migrate_it_once(url: SecretStr, tmp_path: Path) -> None:
    place = Place(directory=tmp_path / "data", url=url)
    stores = await asyncio.gather(*(place.open() for _ in range(4)))
    assert len({await tell(store) for store in stores}) == 4
    for store in stores:
        await store.close()
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        rows = connection.exec_driver_sql("SELECT * FROM alembic_version").all()
        assert len(rows) == 1


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("CREATE TABLE songs (title text)", "is not a Punchline database"),
        ("UPDATE alembic_version SET version_num = '9999'", "was written by a newer Punchline"),
    ],
)
async def test_what_is_not_for_this_program_is_refused_and_stays_as_it_is(
    url: SecretStr, directory: Path, statement: str, problem: str
) -> None:
    if "alembic" in statement:
        await (await SqlStore.open(directory=directory, url=url)).close()
    with connected(url) as connection:
        connection.exec_driver_sql(statement)
        before = set(sa.inspect(connection).get_table_names())
    with pytest.raises(StoreError, match=problem):
        await SqlStore.open(directory=directory, url=url)
    with connected(url) as connection:
        assert set(sa.inspect(connection).get_table_names()) == before
    assert problem in (inspect_server(address(url)).problem or "")


async def test_the_doctor_sees_what_is_there_and_changes_nothing(
    url: SecretStr, directory: Path
) -> None:
    place = place_of(address(url))
    empty = inspect_server(address(url))
    assert (empty.schema, empty.problem, empty.processes) == (Schema.EMPTY, None, 0)
    store = await SqlStore.open(directory=directory, url=url)
    number = await tell(store)
    await store.vote(number, "ann", 1)
    await store.vote(number, "bob", 0)
    assert inspect_server(address(url)) == ServerState(
        place=place, schema=Schema.CURRENT, release=empty.release, jokes=1, votes=1, processes=1
    )
    await store.close()
    assert inspect_server(address(url)).processes == 0


def test_every_word_that_is_written_fits_into_its_column() -> None:
    """SQLite does not look, PostgreSQL does."""
    words = {
        "jokes.reason": Reason,
        "runs.stage": Stage,
        "runs.ending": Ending,
        "versions.state": VersionState,
        "shelf.tier": Tier,
    }
    for name, kind in words.items():
        table, column = name.split(".")
        size = metadata.tables[table].c[column].type.length  # type: ignore[attr-defined]
        assert max(len(word.value) for word in kind) <= size, name
