"""A PostgreSQL that stops, starts, and breaks connections under running stores."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot.store.port import Ballot, Gesture, StoreUnavailable, Tally
from bot.store.store import SqlStore
from tests.bot.store.conftest import ask, tell
from tests.postgres import PostgresServer

UNREACHABLE = "The database cannot be reached; see that PostgreSQL runs where store.url says."
PRESSES = 400


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that nobody else uses."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def url(server: PostgresServer) -> Iterator[SecretStr]:
    url = server.new_database()
    yield url
    server.take_back(url)


async def interrupted(server: PostgresServer) -> None:
    """Let the server crash and start anew."""
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.start)


async def test_every_vote_counts_once_when_the_server_crashes_while_they_come(
    server: PostgresServer, url: SecretStr, directory: Path
) -> None:
    store = await SqlStore.open(directory=directory, url=url, deadline=40.0)
    numbers = [await tell(store) for _ in range(4)]
    pressed, begun = 0, asyncio.Event()

    async def press(member: int) -> None:
        nonlocal pressed
        # An odd number of times: whatever is lost or done twice shows.
        for _ in range(PRESSES // 16 | 1):
            for number in numbers:
                ballot = Ballot(value=1, gesture=Gesture.PRESS)
                await store.cast(number, f"member-{member}", ballot)
                pressed += 1
                if pressed > PRESSES // 8:
                    begun.set()
            await asyncio.sleep(0.01)

    pressing = [asyncio.create_task(press(member)) for member in range(8)]
    await begun.wait()
    await interrupted(server)
    await asyncio.gather(*pressing)
    for number in numbers:
        assert await store.tally(number) == Tally(up=8, down=0, flags=0)
    await store.close()


@pytest.mark.parametrize("answered", [True, False])
async def test_a_commit_that_was_never_answered_is_looked_for_and_not_repeated(
    url: SecretStr, directory: Path, answered: bool
) -> None:
    store = await SqlStore.open(directory=directory, url=url)
    number = await tell(store)
    broken = 0

    def break_off(connection: sa.Connection) -> None:
        nonlocal broken
        driver: Any = connection.connection.driver_connection
        if broken == 0 and connection.dialect.name == "postgresql":
            broken += 1
            (driver.commit if answered else driver.rollback)()
            driver.close()

    with listening("commit", break_off):
        voted = await store.cast(number, "ann", Ballot(value=1, gesture=Gesture.PRESS))
    assert (broken, voted.value) == (1, 1)
    assert await store.tally(number) == Tally(up=1, down=0, flags=0)
    await store.close()


async def test_an_outage_is_one_sentence_and_then_all_is_well(
    server: PostgresServer, url: SecretStr, directory: Path
) -> None:
    store = await SqlStore.open(directory=directory, url=url, deadline=1.5)
    number = await tell(store)
    await asyncio.to_thread(server.stop)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as written:
            await store.vote(number, "ann", 1)
        with pytest.raises(StoreUnavailable) as read:
            await store.tally(number)
        assert (str(written.value), str(read.value)) == (UNREACHABLE, UNREACHABLE)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await SqlStore.open(directory=directory, url=url)
    await asyncio.to_thread(server.start)
    assert await store.vote(number, "ann", 1) == Tally(up=1, down=0, flags=0)
    await store.close()


async def test_who_outlives_a_crash_of_the_server_keeps_what_it_owes(
    server: PostgresServer, url: SecretStr, directory: Path
) -> None:
    first = await SqlStore.open(directory=directory, url=url)
    second = await SqlStore.open(directory=directory, url=url)
    owed = await first.open_request(ask())
    await interrupted(server)
    assert await second.orphans() == []
    await first.close()
    assert [orphan.joke_id for orphan in await second.orphans()] == [owed]
    await second.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"database": "nowhere"}, "There is no database of the name in store.url"),
        ({"username": "nobody"}, "PostgreSQL refuses the user or the password"),
        ({"query": {"host": "/nowhere"}}, "cannot be reached"),
        ({"query": {"hust": "/nowhere"}}, "store.url cannot be used: invalid connection option"),
        ({"drivername": "mysql"}, "That is no URL of a database"),
    ],
)
async def test_a_url_that_leads_nowhere_is_one_sentence_without_the_password(
    url: SecretStr, directory: Path, change: dict[str, Any], sentence: str
) -> None:
    wrong = sa.make_url(url.get_secret_value()).set(password="s3cr3t").set(**change)
    secret = SecretStr(wrong.render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailable, match=sentence) as caught:
        await SqlStore.open(directory=directory, url=secret)
    assert "\n" not in str(caught.value)
    assert "s3cr3t" not in f"{caught.value}{caught.value.__cause__}"


class listening:  # noqa: N801 - a context manager
    """Hear of an event of every engine for a while."""

    def __init__(self, event: str, hear: Callable[..., None]) -> None:
        self._arguments = (sa.Engine, event, hear)

    def __enter__(self) -> None:
        sa.event.listen(*self._arguments)

    def __exit__(self, *_: object) -> None:
        sa.event.remove(*self._arguments)
