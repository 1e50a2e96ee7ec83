"""What the tests of the store share: the store on disk, a clock that stands still, and jokes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jokes import Community, JokeRequest, Reason
from bot.store.port import Quota, QuotaReached, Store, ToldJoke
from bot.store.store import SqlStore
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


@asynccontextmanager
async def next_process(store: Store, clock: StillClock, directory: Path) -> AsyncIterator[Store]:
    """The store as the next process finds it."""
    if isinstance(store, MemoryStore):
        yield store.successor()
        return
    await store.close()
    successor = await SqlStore.open(directory=directory, clock=clock)
    yield successor
    await successor.close()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def sql_store(directory: Path, clock: StillClock) -> AsyncIterator[SqlStore]:
    """The store on disk, with a short patience."""
    store = await SqlStore.open(directory=directory, busy_timeout=0.2, clock=clock)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "sql"])
async def store(
    request: pytest.FixtureRequest, clock: StillClock, directory: Path
) -> AsyncIterator[Store]:
    """Each of the two stores in turn: what is asked of one is asked of the other."""
    store: Store = (
        MemoryStore(clock=clock)
        if request.param == "memory"
        else await SqlStore.open(directory=directory, clock=clock)
    )
    yield store
    await store.close()
