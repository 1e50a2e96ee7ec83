"""Backups are consistent, and can be put back."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.backup import backup, restore
from bot.store.errors import StoreError
from bot.store.port import Tally
from bot.store.store import SqlStore
from tests.bot.store.conftest import GUILD, ask, tell


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copies" / "monday 50%?#.db"


@pytest.fixture(autouse=True)
def _copies(target: Path) -> None:
    target.parent.mkdir()


def database_in(directory: Path) -> Path:
    return directory / "punchline.db"


def count(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        number: int = connection.execute(query).fetchone()[0]
        return number


async def test_a_backup_taken_while_writes_go_on_is_consistent(
    directory: Path, target: Path
) -> None:
    store = await SqlStore.open(directory=directory)
    acknowledged = 0
    stop = asyncio.Event()

    async def keep_voting(voter: int) -> None:
        nonlocal acknowledged
        while not stop.is_set():
            # One joke with one vote each: a torn copy would have jokes without.
            number = await tell(store, text="ha" * 2000)
            await store.vote(number, f"m{voter}", 1)
            acknowledged += 1

    voters = [asyncio.create_task(keep_voting(voter)) for voter in range(10)]
    await asyncio.sleep(0.3)
    before = acknowledged
    await backup(database=database_in(directory), target=target)
    during = acknowledged
    stop.set()
    await asyncio.gather(*voters)
    votes = count(target, "SELECT count(*) FROM votes")
    assert before <= votes <= during + len(voters)
    told = count(target, "SELECT count(*) FROM jokes WHERE state = 'told'")
    assert votes <= told <= votes + len(voters)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    await store.close()


async def test_a_backup_can_be_restored_and_goes_on(directory: Path, target: Path) -> None:
    store = await SqlStore.open(directory=directory)
    number = await tell(store)
    await store.vote(number, "ann", 1)
    waiting = await store.open_request(ask(address="there"))
    await backup(database=database_in(directory), target=target)
    await store.vote(number, "bob", 1)
    await store.close()

    restore(source=target, directory=directory)
    store = await SqlStore.open(directory=directory)
    assert await store.tally(number) == Tally(up=1, down=0, flags=0)
    assert await store.vote(number, "ann", -1) == Tally(up=0, down=1, flags=0)
    assert await store.orphans() == []
    assert await store.open_request(ask()) > waiting
    await store.close()
    kept = directory / "punchline.db.before-restore"
    assert count(kept, "SELECT count(*) FROM votes") == 2


async def test_a_backup_is_readable_by_its_owner_alone(directory: Path, target: Path) -> None:
    await (await SqlStore.open(directory=directory)).close()
    await backup(database=database_in(directory), target=target)
    assert target.stat().st_mode & 0o777 == 0o600


async def test_a_backup_can_be_restored_where_there_is_no_database(
    directory: Path, target: Path, tmp_path: Path
) -> None:
    store = await SqlStore.open(directory=directory)
    await tell(store)
    await store.close()
    await backup(database=database_in(directory), target=target)
    restore(source=target, directory=tmp_path / "new")
    store = await SqlStore.open(directory=tmp_path / "new")
    assert (await store.stats(GUILD, "ann")).jokes == 1
    await store.close()
    assert not (tmp_path / "new" / "punchline.db.before-restore").exists()


async def test_an_existing_file_is_never_overwritten(directory: Path, target: Path) -> None:
    await (await SqlStore.open(directory=directory)).close()
    target.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        await backup(database=database_in(directory), target=target)
    assert target.read_text() == "precious"


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 1000])
async def test_what_is_no_database_is_neither_backed_up_nor_restored(
    directory: Path, target: Path, tmp_path: Path, content: bytes | None
) -> None:
    source = tmp_path / "source.db"
    if content is not None:
        source.write_bytes(content)
    store = await SqlStore.open(directory=directory)
    number = await tell(store)
    await store.close()
    before = database_in(directory).read_bytes()
    with pytest.raises(StoreError) as refused:
        await backup(database=source, target=target)
    with pytest.raises(StoreError) as refused_again:
        restore(source=source, directory=directory)
    assert str(source) in str(refused.value)
    assert str(refused.value) == str(refused_again.value)
    assert list(target.parent.iterdir()) == []
    assert database_in(directory).read_bytes() == before
    assert sorted(path.name for path in directory.iterdir()) == [
        "instances",
        "member.key",
        "prepare.lock",
        "punchline.db",
    ]
    assert number


async def test_a_damaged_backup_is_not_restored(directory: Path, target: Path) -> None:
    store = await SqlStore.open(directory=directory)
    for _ in range(50):
        await tell(store, text="ha" * 500)
    await store.close()
    await backup(database=database_in(directory), target=target)
    content = bytearray(target.read_bytes())
    content[10 * 4096 : 11 * 4096] = b"\xff" * 4096
    target.write_bytes(content)
    before = database_in(directory).read_bytes()
    with pytest.raises(StoreError, match="is damaged; use another backup"):
        restore(source=target, directory=directory)
    assert database_in(directory).read_bytes() == before


async def test_a_backup_of_a_newer_program_is_not_restored(directory: Path, target: Path) -> None:
    await (await SqlStore.open(directory=directory)).close()
    await backup(database=database_in(directory), target=target)
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match="newer Punchline"):
        restore(source=target, directory=directory)


async def test_nothing_is_restored_under_a_running_bot(directory: Path, target: Path) -> None:
    store = await SqlStore.open(directory=directory)
    await backup(database=database_in(directory), target=target)
    with pytest.raises(StoreError, match="is running"):
        await asyncio.to_thread(restore, source=target, directory=directory)
    assert await tell(store)
    await store.close()


async def test_the_database_kept_by_an_earlier_restore_is_not_lost(
    directory: Path, target: Path
) -> None:
    store = await SqlStore.open(directory=directory)
    await tell(store)
    await store.close()
    await backup(database=database_in(directory), target=target)
    restore(source=target, directory=directory)
    with pytest.raises(StoreError, match="from an earlier restore"):
        restore(source=target, directory=directory)


async def test_a_damaged_database_with_its_log_is_kept_and_replaced(
    directory: Path, target: Path
) -> None:
    store = await SqlStore.open(directory=directory)
    await tell(store)
    await store.close()
    await backup(database=database_in(directory), target=target)
    database_in(directory).write_bytes(b"ruined")
    log = directory / "punchline.db-wal"
    log.write_bytes(b"log")
    restore(source=target, directory=directory)
    assert (directory / "punchline.db.before-restore").read_bytes() == b"ruined"
    assert not log.exists()
    store = await SqlStore.open(directory=directory)
    assert (await store.stats(GUILD, "ann")).jokes == 1
    await store.close()


async def test_a_cancelled_backup_leaves_nothing_behind(directory: Path, target: Path) -> None:
    store = await SqlStore.open(directory=directory)
    await tell(store)
    copying = asyncio.create_task(backup(database=database_in(directory), target=target))
    await asyncio.sleep(0)
    copying.cancel()
    await asyncio.wait({copying})
    assert copying.cancelled()
    assert list(target.parent.iterdir()) == []
    await store.close()


async def test_a_target_that_cannot_be_written_is_one_sentence(
    directory: Path, tmp_path: Path
) -> None:
    await (await SqlStore.open(directory=directory)).close()
    with pytest.raises(StoreError, match="Cannot write"):
        await backup(database=database_in(directory), target=tmp_path / "nowhere" / "x.db")
