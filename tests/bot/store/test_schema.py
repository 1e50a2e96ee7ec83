"""The schema: what the migrations make, what the tables say, and which files are refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.store.errors import StoreError
from bot.store.port import StoreUnavailable
from bot.store.schema import Schema, read_schema, upgrade
from bot.store.store import SqlStore
from bot.store.tables import jokes, metadata, votes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "100% new.db"
    path.touch()
    return path


@pytest.fixture
def migrated(path: Path) -> Iterator[sa.Engine]:
    upgrade(path, busy_timeout=1.0)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def schema_of(path: Path) -> Schema:
    with closing(sqlite3.connect(path)) as connection:
        return read_schema(connection)


def definitions(engine: sa.Engine) -> set[str]:
    """Every definition that SQLite keeps, but for the layout."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'"
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).scalars()
        return {" ".join(definition.split()).replace(" ,", ",") for definition in found}


def test_migrations_bring_an_empty_file_up_to_date(path: Path) -> None:
    assert schema_of(path) is Schema.EMPTY
    upgrade(path, busy_timeout=1.0)
    assert schema_of(path) is Schema.CURRENT
    upgrade(path, busy_timeout=1.0)
    assert schema_of(path) is Schema.CURRENT


def test_migrations_and_tables_do_not_differ(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_make_the_very_definitions_of_the_tables(
    migrated: sa.Engine, tmp_path: Path
) -> None:
    fresh = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.db'}", poolclass=sa.NullPool)
    metadata.create_all(fresh)
    assert definitions(migrated) == definitions(fresh)
    fresh.dispose()


def test_a_migration_that_fails_changes_nothing(migrated: sa.Engine, path: Path) -> None:
    with migrated.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.exec_driver_sql("DROP TABLE communities")
    before = definitions(migrated)
    with pytest.raises(StoreUnavailable, match="table jokes already exists"):
        upgrade(path, busy_timeout=1.0)
    assert definitions(migrated) == before


def test_a_database_of_another_program_is_refused_and_stays_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is not a Punchline database"):
        upgrade(path, busy_timeout=1.0)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "schema"),
    [
        ("UPDATE alembic_version SET version_num = 'from the future'", Schema.NEWER),
        ("DELETE FROM alembic_version", Schema.BEHIND),
        ("DROP TABLE alembic_version", Schema.FOREIGN),
    ],
)
def test_the_state_of_a_schema_is_recognised(
    migrated: sa.Engine, path: Path, statement: str, schema: Schema
) -> None:
    with migrated.begin() as connection:
        connection.exec_driver_sql(statement)
    assert schema_of(path) is schema


async def test_a_database_of_a_newer_program_is_refused_and_stays_as_it_is(
    directory: Path,
) -> None:
    await (await SqlStore.open(directory=directory)).close()
    database = directory / "punchline.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = database.read_bytes()
    with pytest.raises(StoreError) as caught:
        await SqlStore.open(directory=directory)
    assert str(caught.value) == (
        f"{database} was written by a newer Punchline; upgrade Punchline, or restore a backup."
    )
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"not a database " * 1000, b"SQLite format 3\x00" + b"?" * 500]
)
async def test_a_file_that_is_not_a_database_is_refused_in_one_sentence(
    directory: Path, content: bytes
) -> None:
    directory.mkdir()
    (directory / "punchline.db").write_bytes(content)
    with pytest.raises(StoreError, match="is not a database, or is damaged") as caught:
        await SqlStore.open(directory=directory)
    assert "\n" not in str(caught.value)
    assert (directory / "punchline.db").read_bytes() == content


def test_a_votes_row_needs_its_joke_and_a_joke_its_state(migrated: sa.Engine) -> None:
    moment = sa.func.current_timestamp()
    vote = sa.insert(votes).values(joke_id=1, member="m", value=1, voted_at=moment)
    told = sa.insert(jokes).values(
        community_id=1, state="told", told_at=moment, operator=False, asked_at=moment, text="x"
    )
    for statement in (
        vote,
        vote.values(value=5),
        told,
        told.values(state="dreamt"),
        told.values(state="pending"),
        told.values(state="declined"),
    ):
        with migrated.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(statement)


def test_a_community_cannot_hold_a_fingerprint_twice(migrated: sa.Engine) -> None:
    moment = "2024-01-01 00:00:00.000000"
    insert = (
        "INSERT INTO jokes (community_id, state, told_at, operator, asked_at, text, fingerprint,"
        " model_version, sampling, score, tokens, seconds)"
        " VALUES (?, 'told', ?, 0, ?, 'x', ?, 'v', '{}', 0, 0, 0)"
    )
    with migrated.connect() as connection:
        for community, fingerprint in [(1, "f"), (2, "f"), (1, None), (1, None)]:
            connection.exec_driver_sql(insert, (community, moment, moment, fingerprint))
        with pytest.raises(sa.exc.IntegrityError, match="fingerprint"):
            connection.exec_driver_sql(insert, (1, moment, moment, "f"))
