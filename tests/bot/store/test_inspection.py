"""What `punchline doctor` sees of the database, without touching it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.inspection import DatabaseState, inspect
from bot.store.schema import Schema
from bot.store.store import SqlStore
from tests.bot.store.conftest import ask, tell


def everything(directory: Path) -> dict[str, bytes]:
    """All files but SQLite's shared memory, in which readers note that they are there."""
    return {
        str(path.relative_to(directory)): b"" if path.name.endswith("-shm") else path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


async def fill(directory: Path) -> SqlStore:
    store = await SqlStore.open(directory=directory)
    number = await tell(store)
    await tell(store)
    await store.open_request(ask())
    await store.vote(number, "ann", 1)
    await store.vote(number, "bob", 0)
    return store


async def test_a_missing_database_is_seen_and_not_created(directory: Path) -> None:
    state = await inspect(directory)
    assert state == DatabaseState(path=directory / "punchline.db", exists=False, writable=True)
    assert not directory.exists()


@pytest.mark.parametrize("running", [True, False])
async def test_a_good_database_is_seen_and_not_changed(directory: Path, running: bool) -> None:
    store = await fill(directory)
    if not running:
        await store.close()
    before = everything(directory)
    assert await inspect(directory) == DatabaseState(
        path=directory / "punchline.db",
        exists=True,
        schema=Schema.CURRENT,
        sound=True,
        jokes=2,
        votes=1,
        writable=True,
    )
    assert everything(directory) == before
    await store.close()


async def test_an_empty_file_is_a_database_to_be(directory: Path) -> None:
    directory.mkdir()
    (directory / "punchline.db").touch()
    state = await inspect(directory)
    assert (state.schema, state.sound, state.problem) == (Schema.EMPTY, True, None)
    assert everything(directory) == {"punchline.db": b""}


@pytest.mark.parametrize(
    ("change", "schema", "problem"),
    [
        ("DELETE FROM alembic_version", Schema.BEHIND, None),
        ("UPDATE alembic_version SET version_num = '9999'", Schema.NEWER, "newer Punchline"),
        ("DROP TABLE alembic_version", Schema.FOREIGN, "not a Punchline database"),
    ],
)
async def test_the_schema_is_compared_with_the_program(
    directory: Path, change: str, schema: Schema, problem: str | None
) -> None:
    await (await fill(directory)).close()
    with closing(sqlite3.connect(directory / "punchline.db")) as connection:
        connection.execute(change)
        connection.commit()
    state = await inspect(directory)
    assert state.schema is schema
    assert (problem is None) == (state.problem is None)
    assert (problem or "") in (state.problem or "")


async def test_what_is_no_database_is_said_in_one_sentence(directory: Path) -> None:
    directory.mkdir()
    (directory / "punchline.db").write_bytes(b"not a database " * 1000)
    state = await inspect(directory)
    assert state.schema is Schema.DAMAGED
    assert not state.sound
    assert "is not a database, or is damaged" in (state.problem or "")


async def test_damage_inside_is_found(directory: Path) -> None:
    store = await SqlStore.open(directory=directory)
    for _ in range(50):
        await tell(store, text="ha" * 500)
    await store.close()
    database = directory / "punchline.db"
    content = bytearray(database.read_bytes())
    content[20 * 4096 : 21 * 4096] = b"\xff" * 4096
    database.write_bytes(content)
    state = await inspect(directory)
    assert not state.sound
    assert "damaged" in (state.problem or "")


async def test_a_database_that_takes_too_long_is_given_up(directory: Path) -> None:
    await (await fill(directory)).close()
    with closing(sqlite3.connect(directory / "punchline.db")) as connection:
        rows = [(f"m{index}",) for index in range(5_000)]
        connection.executemany(
            "INSERT INTO votes (joke_id, member, value, voted_at) VALUES (1, ?, 1, '2024-01-01')",
            rows,
        )
        connection.commit()
    assert (await inspect(directory)).votes == 5_001
    state = await inspect(directory, patience=0.0)
    assert state.problem == "The database did not answer in time; try again in a moment."
    assert not state.sound


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_database_without_permission_to_write_is_said_so(directory: Path) -> None:
    await (await fill(directory)).close()
    directory.chmod(0o500)
    state = await inspect(directory)
    directory.chmod(0o700)
    assert not state.writable
    assert "cannot be written" in (state.problem or "")
