"""Several processes on one database, and processes that are killed."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bot.store.directory import DATABASE
from bot.store.identity import MemberHasher, member_key
from bot.store.port import Tally
from tests.bot.store.conftest import GUILD, Place, ask, joke, tell
from tests.postgres import connected

VOTES = 5_000


@contextmanager
def process(place: Place, job: str, count: int) -> Iterator[subprocess.Popen[str]]:
    """A child that does the job; it is killed and reaped at the end, if it still runs."""
    url = place.url.get_secret_value() if place.url else ""
    arguments = [sys.executable, "-m", "tests.bot.store.process"]
    arguments += [str(place.directory), url, job, str(count)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()
            child.wait(10)


def numbers_from(child: subprocess.Popen[str], count: int | None = None) -> list[int]:
    """The next numbers it prints; all until it ends if no count is given."""
    assert child.stdout is not None
    if count is None:
        return [int(line) for line in child.stdout]
    return [int(child.stdout.readline()) for _ in range(count)]


def votes_in(place: Place) -> dict[tuple[str, int], int]:
    query = "SELECT member, joke_id, value FROM votes"
    return {(member, joke_id): value for member, joke_id, value in rows(place, query)}


def rows(place: Place, query: str) -> list[tuple[Any, ...]]:
    """What another program reads there; a file is looked through for damage first."""
    if place.url is not None:
        with connected(place.url) as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]
    with closing(sqlite3.connect(place.directory / DATABASE)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_acknowledged_vote_survives_a_kill(place: Place, seed: int) -> None:
    last = random.Random(seed).randrange(300, VOTES // 3)
    with process(place, "vote", VOTES) as child:
        acknowledged = numbers_from(child, last)
        child.send_signal(signal.SIGKILL)
        acknowledged += numbers_from(child)
        assert child.wait(10) == -signal.SIGKILL
    assert last <= len(acknowledged) < VOTES
    found = votes_in(place)
    hasher = MemberHasher(key=member_key(place.directory))
    for vote in acknowledged:
        member = hasher.hash("discord", f"member-{vote}")
        assert found[member, 1 + vote % 20] == (1 if vote % 3 else -1)


async def test_all_votes_of_a_process_that_ends_well_are_there(place: Place) -> None:
    with process(place, "vote", 1_000) as child:
        assert sorted(await asyncio.to_thread(numbers_from, child)) == list(range(1_000))
        assert child.wait(10) == 0
    assert len(votes_in(place)) == 1_000
    store = await place.open()
    stats = await store.stats(GUILD, "member-0")
    assert (stats.votes_up, stats.votes_down, stats.my_votes_down) == (666, 334, 1)
    await store.close()


async def test_two_processes_write_at_once_without_losing_a_vote(place: Place) -> None:
    store = await place.open()
    number = await tell(store)
    with process(place, "vote", 500) as child:
        reading = asyncio.create_task(asyncio.to_thread(numbers_from, child))
        mine = [f"mine-{index}" for index in range(200)]
        for index in range(0, len(mine), 10):
            await asyncio.gather(*(store.vote(number, name, 1) for name in mine[index:][:10]))
        assert len(await reading) == 500
        assert child.wait(10) == 0
    tallies = [await store.tally(joke_id) for joke_id in range(1, 22)]
    assert sum(tally.up + tally.down for tally in tallies) == 700
    await store.close()


async def test_ten_concurrent_writers_all_get_through(place: Place) -> None:
    store = await place.open()

    async def write(writer: int) -> None:
        for turn in range(20):
            number = await store.open_request(ask(GUILD, f"m{writer}"))
            assert await store.mark_told(number, joke(f"{writer}-{turn}"))
            assert await store.vote(number, f"m{writer}", 1) == Tally(up=1, down=0, flags=0)

    await asyncio.gather(*map(write, range(10)))
    stats = await store.stats(GUILD, "m3")
    assert (stats.jokes, stats.votes_up, stats.my_jokes, stats.my_votes_up) == (200, 200, 20, 20)
    await store.close()


async def test_processes_that_start_at_once_share_database_and_key_and_tell_each_joke_once(
    place: Place,
) -> None:
    with (
        process(place, "tell", 60) as first,
        process(place, "tell", 60) as second,
    ):
        told = await asyncio.gather(
            asyncio.to_thread(numbers_from, first), asyncio.to_thread(numbers_from, second)
        )
        assert (first.wait(10), second.wait(10)) == (0, 0)
    assert sorted(told[0] + told[1]) == list(range(60))
    assert rows(place, "SELECT count(*) FROM communities") == [(1,)]
    assert rows(place, "SELECT count(DISTINCT member) FROM jokes") == [(1,)]


async def test_requests_of_a_killed_process_are_adopted_and_those_of_a_living_one_are_not(
    place: Place,
) -> None:
    store = await place.open()
    mine = await store.open_request(ask())
    with process(place, "open", 3) as living:
        theirs = await asyncio.to_thread(numbers_from, living, 3)
        with process(place, "open", 5) as doomed:
            numbers = await asyncio.to_thread(numbers_from, doomed, 5)
            assert await store.orphans() == []
            doomed.send_signal(signal.SIGKILL)
            await asyncio.to_thread(doomed.wait, 10)
        orphans = await store.orphans()
        assert [orphan.joke_id for orphan in orphans] == numbers
        assert [orphan.request.address for orphan in orphans] == [f"place-{i}" for i in range(5)]
        assert not {mine, *theirs} & set(numbers)
        assert await store.orphans() == []
    assert [orphan.joke_id for orphan in await store.orphans()] == theirs
    await store.close()


async def test_two_processes_never_adopt_the_same_request(place: Place) -> None:
    with (
        process(place, "open", 40) as doomed,
        process(place, "adopt", 50) as first,
        process(place, "adopt", 50) as second,
    ):
        numbers = await asyncio.to_thread(numbers_from, doomed, 40)
        for child in (first, second):
            assert await asyncio.to_thread(numbers_from, child, 1) == [0]
        doomed.send_signal(signal.SIGKILL)
        adopted = await asyncio.gather(
            asyncio.to_thread(numbers_from, first), asyncio.to_thread(numbers_from, second)
        )
        assert (first.wait(10), second.wait(10)) == (0, 0)
    assert sorted(adopted[0] + adopted[1]) == numbers
