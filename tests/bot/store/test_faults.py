"""What can go wrong under a running store, and that it is said in one sentence and got over."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jokes import Reason
from bot.store.errors import StoreError
from bot.store.port import StoreUnavailable, Tally
from bot.store.store import SqlStore
from tests.bot.store.conftest import GUILD, StillClock, ask, joke, tell

DATABASES = ["sqlite"]


@contextmanager
def another_program(directory: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(directory / "punchline.db", isolation_level=None)) as connection:
        yield connection


async def test_a_lock_held_too_long_is_one_sentence_and_then_all_is_well(
    sql_store: SqlStore, directory: Path
) -> None:
    number = await tell(sql_store)
    with another_program(directory) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="keeps the database locked") as caught:
            await sql_store.vote(number, "ann", 1)
        assert "\n" not in str(caught.value)
        assert await sql_store.tally(number) == Tally(up=0, down=0, flags=0)
        other.execute("COMMIT")
    assert await sql_store.vote(number, "ann", 1) == Tally(up=1, down=0, flags=0)


async def test_a_lock_held_for_a_moment_is_waited_for(sql_store: SqlStore, directory: Path) -> None:
    number = await tell(sql_store)
    with another_program(directory) as other:
        other.execute("BEGIN IMMEDIATE")
        vote = asyncio.create_task(sql_store.vote(number, "ann", 1))
        await asyncio.sleep(0.05)
        assert not vote.done()
        other.execute("COMMIT")
        assert await vote == Tally(up=1, down=0, flags=0)


async def test_reading_goes_on_while_somebody_writes(sql_store: SqlStore, directory: Path) -> None:
    number = await tell(sql_store)
    with another_program(directory) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE jokes SET topic = 'cats'")
        assert await sql_store.tally(number) == Tally(up=0, down=0, flags=0)
        other.execute("ROLLBACK")


async def test_a_full_disk_is_one_sentence_and_then_all_is_well(directory: Path) -> None:
    limit = 0

    def keep_small(connection: sqlite3.Connection, _record: object) -> None:
        nonlocal limit
        cursor = connection.cursor()
        if limit:
            cursor.execute(f"PRAGMA max_page_count={limit}")
        cursor.close()

    sa.event.listen(sa.Pool, "connect", keep_small)
    try:
        store = await SqlStore.open(directory=directory)
        await store.close()
        limit = (directory / "punchline.db").stat().st_size // 4096 + 2
        store = await SqlStore.open(directory=directory)
        number = await tell(store)
        with pytest.raises(StoreUnavailable, match="The disk is full"):
            await tell(store, text="ha" * 50_000)
        assert await store.vote(number, "ann", 1) == Tally(up=1, down=0, flags=0)
        assert len(await store.top(GUILD, since=None, limit=10)) == 1
        await store.close()
    finally:
        sa.event.remove(sa.Pool, "connect", keep_small)
    limit = 0
    store = await SqlStore.open(directory=directory)
    assert await tell(store, text="ha" * 50_000) > number
    await store.close()


async def test_a_file_damaged_under_a_running_store_is_one_sentence(
    directory: Path, clock: StillClock
) -> None:
    store = await SqlStore.open(directory=directory)
    for _ in range(50):
        await tell(store, text="ha" * 500)
    await store.close()
    database = directory / "punchline.db"
    content = bytearray(database.read_bytes())
    # The schema itself is at the beginning.
    content[-12 * 4096 :] = b"\xff" * (12 * 4096)
    database.write_bytes(content)
    store = await SqlStore.open(directory=directory)
    with pytest.raises(StoreUnavailable, match="is damaged; stop Punchline and restore"):
        await tell(store)
    with pytest.raises(StoreUnavailable, match="is damaged; stop Punchline and restore"):
        await store.top(GUILD, since=None, limit=10)
    await store.close()


async def test_a_cancelled_request_leaves_no_pending_row(
    sql_store: SqlStore, directory: Path
) -> None:
    async def give_up(tick: int) -> int:
        async with asyncio.timeout(tick / 40_000):
            return await sql_store.open_request(ask())

    outcomes = await asyncio.gather(*map(give_up, range(100)), return_exceptions=True)
    numbers = {outcome for outcome in outcomes if isinstance(outcome, int)}
    await sql_store.close()
    with another_program(directory) as other:
        pending = {id for (id,) in other.execute("SELECT id FROM jokes WHERE state = 'pending'")}
    assert pending == numbers


async def test_cancelled_reads_and_votes_leave_the_store_working(sql_store: SqlStore) -> None:
    number = await tell(sql_store)

    async def give_up(tick: int) -> None:
        async with asyncio.timeout(tick / 20_000):
            await sql_store.stats(GUILD, "ann")
            await sql_store.vote(number, "ann", 1)
            await sql_store.tally(number)

    await asyncio.gather(*map(give_up, range(100)), return_exceptions=True)
    async with asyncio.timeout(5):
        assert await sql_store.vote(number, "ann", -1) == Tally(up=0, down=1, flags=0)
        assert await sql_store.tally(number) == Tally(up=0, down=1, flags=0)


async def test_opening_may_be_cancelled(directory: Path) -> None:
    opening = asyncio.create_task(SqlStore.open(directory=directory))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    assert opening.cancelled()
    store = await SqlStore.open(directory=directory)
    await asyncio.sleep(0.1)
    assert len(list((directory / "instances").iterdir())) == 1
    await store.close()


async def test_a_new_directory_belongs_to_its_owner_alone(directory: Path) -> None:
    store = await SqlStore.open(directory=directory / "deep" / "inside")
    await tell(store)
    for path in (directory / "deep" / "inside").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (directory / "deep" / "inside").stat().st_mode & 0o777 == 0o700
    await store.close()


async def test_a_place_that_is_no_directory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="Cannot create the directory"):
        await SqlStore.open(directory=tmp_path / "file" / "data")


async def test_a_database_that_is_a_directory_is_one_sentence(directory: Path) -> None:
    (directory / "punchline.db").mkdir(parents=True)
    with pytest.raises(StoreError, match="Cannot open"):
        await SqlStore.open(directory=directory)


async def test_errors_and_logs_name_no_member_and_no_joke(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="bot")
    store = await SqlStore.open(directory=directory, busy_timeout=0.05)
    key = (directory / "member.key").read_text().strip()
    with another_program(directory) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable) as caught:
            await store.open_request(ask(member="secret-member", topic="secret-topic"))
        other.execute("ROLLBACK")
    await store.close()
    said = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "secret" not in said
    assert key not in said


async def test_where_to_answer_is_kept_only_until_the_answer(
    sql_store: SqlStore, directory: Path
) -> None:
    for _ in range(2):
        await sql_store.open_request(ask(address="there"))
    with another_program(directory) as other:
        query = "SELECT address FROM jokes WHERE address IS NOT NULL"
        assert other.execute(query).fetchall() == [("there",), ("there",)]
        await sql_store.mark_told(1, joke())
        await sql_store.mark_declined(2, Reason.DEADLINE)
        assert other.execute(query).fetchall() == []


async def test_every_connection_that_writes_is_durable_and_checks_references(
    directory: Path,
) -> None:
    seen: dict[str, set[int]] = {"synchronous": set(), "foreign_keys": set()}

    def look(connection: sa.Connection) -> None:
        for pragma, values in seen.items():
            values.add(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

    store = await SqlStore.open(directory=directory)
    sa.event.listen(sa.Engine, "commit", look)
    try:
        number = await store.open_request(ask())
        assert await store.mark_told(number, joke())
    finally:
        sa.event.remove(sa.Engine, "commit", look)
    assert seen == {"synchronous": {2}, "foreign_keys": {1}}
    with another_program(directory) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    await store.close()


async def test_closing_leaves_one_database_file_and_no_lock(directory: Path) -> None:
    store = await SqlStore.open(directory=directory)
    await tell(store)
    await store.close()
    assert sorted(str(path.relative_to(directory)) for path in directory.rglob("*")) == [
        "instances",
        "member.key",
        "prepare.lock",
        "punchline.db",
    ]
