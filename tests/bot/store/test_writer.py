"""Group commit: one transaction for many writers, and one writer's trouble stays its own."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from bot.store.port import StoreUnavailable
from bot.store.sqlite import SqliteBackend
from bot.store.writer import Writer

Add = Callable[[sa.Connection], int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (note INTEGER UNIQUE)")
    return path


def opened(path: Path, *, busy_timeout: float, deadline: float) -> Database:
    backend = SqliteBackend(path=path, busy_timeout=busy_timeout, deadline=deadline)
    return Database(backend=backend, deadline=deadline)


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = opened(path, busy_timeout=2.0, deadline=2.0)
    yield database
    await database.close()


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    writer = Writer(database=database, deadline=5.0)
    yield writer
    await writer.close()


@pytest.fixture
def blocker(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program, which can keep the database locked."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def add(note: int) -> Add:
    def operation(connection: sa.Connection) -> int:
        connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (note,))
        return note

    return operation


def remove(note: int) -> Callable[[sa.Connection], None]:
    def operation(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM notes WHERE note = ?", (note,))

    return operation


def notes(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [note for (note,) in connection.execute("SELECT note FROM notes ORDER BY note")]


async def test_what_was_acknowledged_is_there_for_others_to_read(
    writer: Writer, path: Path
) -> None:
    assert await writer.write(add(1)) == 1
    assert notes(path) == [1]


async def test_writers_at_the_same_moment_share_few_transactions(
    writer: Writer, database: Database, path: Path
) -> None:
    commits = 0

    def count(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(sa.Engine, "commit", count)
    try:
        results = await asyncio.gather(*(writer.write(add(note)) for note in range(200)))
    finally:
        sa.event.remove(sa.Engine, "commit", count)
    assert results == list(range(200)) == notes(path)
    assert commits <= 3


async def test_a_write_that_fails_gets_its_own_error_and_the_others_succeed(
    writer: Writer, path: Path
) -> None:
    def refuse(connection: sa.Connection) -> int:
        add(99)(connection)
        raise LookupError("mine")

    outcomes = await asyncio.gather(
        writer.write(add(1)),
        writer.write(refuse),
        writer.write(add(2)),
        writer.write(add(1)),
        writer.write(add(3)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [
        int,
        LookupError,
        int,
        sa.exc.IntegrityError,
        int,
    ]
    assert notes(path) == [1, 2, 3]


async def test_a_locked_database_fails_every_writer_and_recovers(
    path: Path, blocker: sqlite3.Connection
) -> None:
    database = opened(path, busy_timeout=0.05, deadline=2.0)
    writer = Writer(database=database, deadline=5.0)
    blocker.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        *(writer.write(add(note)) for note in range(10)), return_exceptions=True
    )
    assert [str(outcome) for outcome in outcomes] == [
        "Another program keeps the database locked; close it, or try again."
    ] * 10
    blocker.execute("ROLLBACK")
    assert await writer.write(add(1)) == 1
    assert notes(path) == [1]
    await writer.close()
    await database.close()


async def test_a_writer_that_gives_up_before_its_turn_writes_nothing(
    writer: Writer, path: Path, blocker: sqlite3.Connection
) -> None:
    blocker.execute("BEGIN IMMEDIATE")
    first = asyncio.create_task(writer.write(add(1)))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(writer.write(add(2)))
    await asyncio.sleep(0.05)
    second.cancel()
    blocker.execute("ROLLBACK")
    assert await first == 1
    await asyncio.wait({second})
    assert second.cancelled()
    await writer.write(add(3))
    assert notes(path) == [1, 3]


async def test_a_write_whose_writer_gave_up_during_the_commit_is_undone(
    writer: Writer, path: Path, blocker: sqlite3.Connection
) -> None:
    blocker.execute("BEGIN IMMEDIATE")
    started = asyncio.create_task(writer.write(add(1), undo=remove))
    kept = asyncio.create_task(writer.write(add(2)))
    await asyncio.sleep(0.05)
    started.cancel()
    blocker.execute("ROLLBACK")
    await kept
    await writer.write(add(3))
    assert notes(path) == [2, 3]
    assert started.cancelled()


async def test_cancelling_at_any_moment_leaves_the_writer_working_and_nothing_behind(
    writer: Writer, path: Path
) -> None:
    async def give_up(note: int) -> None:
        async with asyncio.timeout(note / 40_000):
            await writer.write(add(note), undo=remove)

    outcomes = await asyncio.gather(*map(give_up, range(100)), return_exceptions=True)
    await writer.write(add(1000))
    await writer.close()
    finished = [note for note, outcome in enumerate(outcomes) if outcome is None]
    assert notes(path) == [*finished, 1000]


async def test_waiting_has_a_deadline(
    database: Database, path: Path, blocker: sqlite3.Connection
) -> None:
    writer = Writer(database=database, deadline=0.1)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="did not answer in time"):
        await writer.write(add(1), undo=remove)
    blocker.execute("ROLLBACK")
    await asyncio.sleep(0.2)
    assert await writer.write(add(2)) == 2
    await writer.close()
    assert notes(path) == [2]


async def test_closing_finishes_what_waits_and_refuses_what_comes(
    writer: Writer, path: Path
) -> None:
    waiting = [asyncio.create_task(writer.write(add(note))) for note in range(300)]
    await asyncio.sleep(0)
    await writer.close()
    assert await asyncio.gather(*waiting) == list(range(300)) == notes(path)
    with pytest.raises(StoreUnavailable, match="closed"):
        await writer.write(add(999))


async def test_closing_finishes_what_has_to_be_undone(
    writer: Writer, path: Path, blocker: sqlite3.Connection
) -> None:
    blocker.execute("BEGIN IMMEDIATE")
    abandoned = asyncio.create_task(writer.write(add(1), undo=remove))
    kept = asyncio.create_task(writer.write(add(2)))
    await asyncio.sleep(0.05)
    abandoned.cancel()
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    blocker.execute("ROLLBACK")
    await asyncio.gather(kept, closing)
    assert notes(path) == [2]


async def test_a_read_has_a_deadline_and_gives_its_connection_back(path: Path) -> None:
    database = opened(path, busy_timeout=1.0, deadline=0.3)
    for _ in range(5):  # more than there are connections
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await database.read(count_to(5_000_000))
    async with asyncio.timeout(30):
        while await four_reads(database) != [10] * 4:
            pass
    await database.close()


async def test_a_read_cannot_write(database: Database, path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await database.read(add(1))
    assert notes(path) == []


async def four_reads(database: Database) -> list[int | BaseException]:
    """As many reads at once as there are connections."""
    reads = (database.read(count_to(10)) for _ in range(4))
    return await asyncio.gather(*reads, return_exceptions=True)


def count_to(limit: int) -> Callable[[sa.Connection], int]:
    """A query that takes as long as one likes."""
    numbers = sa.select(sa.literal(1).label("i")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.i + 1).where(numbers.c.i < limit))
    return lambda connection: connection.scalar(sa.select(sa.func.max(numbers.c.i))) or 0
