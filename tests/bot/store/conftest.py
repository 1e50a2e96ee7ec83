"""What the tests of the store share: the store on disk, a clock that stands still, and jokes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.jokes import Community, JokeRequest, Reason
from bot.store.port import Quota, QuotaReached, Store, ToldJoke
from bot.store.store import SqlStore
from tests.postgres import PostgresServer
from tests.twins.store import MemoryStore

GUILD = Community(front="discord", key="1")
CHAT = Community(front="telegram", key="1")


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.time = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **amount: float) -> None:
        self.time += timedelta(**amount)


def ask(community: Community = GUILD, member: str = "ann", **details: Any) -> JokeRequest:
    """A request, with what matters to the test in `details`."""
    return JokeRequest(community=community, member=member, **details)


def joke(text: str = "A joke.", fingerprint: str | None = None) -> ToldJoke:
    """A joke with a fingerprint of its own unless it is given one."""
    return ToldJoke(
        text=text,
        fingerprint=fingerprint,
        model_version="starter",
        sampling={"temperature": 0.8, "seed": 7},
        score=-1.5,
        tokens=12,
        seconds=0.25,
    )


def at_most(jokes: int, *, seconds: float = 60, of_everybody: bool = False) -> Quota:
    """A quota that a member, or everybody together, may use up."""
    return Quota(
        reason=Reason.COMMUNITY_QUOTA if of_everybody else Reason.MEMBER_QUOTA,
        jokes=jokes,
        window=timedelta(seconds=seconds),
        of_everybody=of_everybody,
    )


async def used(store: Store, request: JokeRequest, *, of_everybody: bool = False) -> int:
    """How many requests of the last minute count against one more; leaves none behind."""
    jokes = 0
    while True:
        quota = at_most(jokes + 1, of_everybody=of_everybody)
        try:
            await store.mark_declined(
                await store.open_request(request, quotas=[quota]), Reason.CANCELLED
            )
        except QuotaReached:
            jokes += 1
        else:
            return jokes


async def would_tell(store: Store, community: Community, fingerprint: str) -> bool:
    """Tell a joke there if the community has not heard it yet."""
    number = await store.open_request(ask(community, operator=True))
    return await store.mark_told(number, joke(fingerprint=fingerprint))


async def tell(
    store: Store, community: Community = GUILD, member: str = "ann", text: str = "A joke."
) -> int:
    """Tell a joke for a member and return its number."""
    joke_id = await store.open_request(ask(community, member))
    assert await store.mark_told(joke_id, joke(text))
    return joke_id


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a store is: in a directory, or on PostgreSQL with its key in a directory."""

    directory: Path
    url: SecretStr | None = None

    async def open(self, **options: Any) -> SqlStore:
        return await SqlStore.open(directory=self.directory, url=self.url, **options)


@asynccontextmanager
async def next_process(store: Store, clock: StillClock, place: Place) -> AsyncIterator[Store]:
    """The store as the next process finds it."""
    if isinstance(store, MemoryStore):
        yield store.successor()
        return
    await store.close()
    successor = await place.open(clock=clock)
    yield successor
    await successor.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is asked of one database is asked of the other, and of the twin where it will do.

    A module that names `DATABASES` asks those alone.
    """
    if "database" in metafunc.fixturenames:
        databases = getattr(metafunc.module, "DATABASES", ["sqlite", "postgresql"])
        twins = ["memory"] if "store" in metafunc.fixturenames else []
        metafunc.parametrize("database", [*twins, *databases], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test is about."""
    return str(request.param)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def place(request: pytest.FixtureRequest, database: str, directory: Path) -> Iterator[Place]:
    """A place where nothing has been written."""
    if database != "postgresql":
        yield Place(directory=directory)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield Place(directory=directory, url=url)
    server.take_back(url)


@pytest.fixture
async def sql_store(place: Place, clock: StillClock) -> AsyncIterator[SqlStore]:
    """The store in a database, with a short patience."""
    store = await place.open(busy_timeout=0.2, clock=clock)
    yield store
    await store.close()


@pytest.fixture
async def store(database: str, clock: StillClock, place: Place) -> AsyncIterator[Store]:
    """Each of the stores in turn."""
    store: Store = (
        MemoryStore(clock=clock) if database == "memory" else await place.open(clock=clock)
    )
    yield store
    await store.close()
