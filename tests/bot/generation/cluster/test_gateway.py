"""Between the bot and the replicas: every order has one report, and the bot hears of the room."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.generation.cluster.gateway import Gateway
from bot.generation.cluster.port import ApplicationGone
from bot.generation.protocol import (
    Cancel,
    Embed,
    Embedded,
    Generate,
    KnownJoke,
    Lost,
    Ping,
    Pong,
    Report,
    Result,
    Room,
    Sampling,
)
from tests.campaigns.waiting import until
from tests.twins.cluster import ReplicasTwin

PATIENCE = 20.0
EACH = 4


class Desk:
    """A gateway, its replicas, and what it has reported."""

    def __init__(self, *, order_seconds: float) -> None:
        self.replicas = ReplicasTwin()
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self.gateway = Gateway(
            replicas=self.replicas,
            report=self.reports.put_nowait,
            each=EACH,
            room=EACH,
            order_seconds=order_seconds,
        )

    async def heard(self) -> Report:
        """The next report."""
        async with asyncio.timeout(PATIENCE):
            return await self.reports.get()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(order_seconds=PATIENCE)
    yield desk
    await desk.gateway.close()


def asked(name: str, topic: str = "cats") -> Generate:
    sampling = Sampling(temperature=1.0, top_k=0, top_p=1.0, max_tokens=8)
    return Generate(id=name, topic=topic, opening=None, count=2, seed=1, sampling=sampling)


async def test_an_order_gets_the_report_of_a_replica(desk: Desk) -> None:
    desk.gateway.take(asked("one"))
    report = await desk.heard()
    assert isinstance(report, Result)
    assert report.id == "one"
    assert [each.text for each in report.candidates] == ["cats 0", "cats 1"]


async def test_jokes_to_be_read_come_back_with_their_features(desk: Desk) -> None:
    desk.gateway.take(Embed(id="read", jokes=(KnownJoke(text="Ha"),)))
    assert await desk.heard() == Embedded(id="read", features=(b"Ha",))


async def test_orders_do_not_wait_for_one_another(desk: Desk) -> None:
    desk.gateway.take(asked("slow", "hold"))
    desk.gateway.take(asked("quick"))
    assert (await desk.heard()).id == "quick"  # type: ignore[union-attr]
    desk.replicas.release.set()
    assert (await desk.heard()).id == "slow"  # type: ignore[union-attr]


@pytest.mark.parametrize("topic", ["die", "garble"])
async def test_an_order_that_a_replica_dies_over_is_reported_lost(desk: Desk, topic: str) -> None:
    desk.gateway.take(asked("one", topic))
    report = await desk.heard()
    assert isinstance(report, Lost)
    assert report.id == "one"


async def test_an_order_for_which_no_place_is_left_is_to_be_tried_a_little_later(
    desk: Desk,
) -> None:
    desk.gateway.take(asked("one", "full"))
    report = await desk.heard()
    assert isinstance(report, Lost)
    assert report.seconds > 0


async def test_an_order_that_no_replica_finishes_in_time_is_lost_and_given_up() -> None:
    desk = Desk(order_seconds=0.05)
    desk.gateway.take(asked("one", "hold"))
    report = await desk.heard()
    assert isinstance(report, Lost)
    assert "0.05 seconds" in report.detail
    assert desk.replicas.given_up == ["one"]


async def test_a_cancelled_order_is_given_up_at_the_replica_and_never_reported(desk: Desk) -> None:
    desk.gateway.take(asked("one", "hold"))
    await asyncio.sleep(0)
    desk.gateway.take(Cancel(id="one"))
    desk.gateway.take(Cancel(id="unknown"))
    await until(lambda: desk.replicas.given_up == ["one"], seconds=PATIENCE)
    desk.gateway.take(Ping(number=3))
    assert await desk.heard() == Pong(number=3)
    assert desk.reports.empty()


async def test_the_bot_hears_how_much_room_there_is_as_replicas_come_and_go(desk: Desk) -> None:
    await desk.gateway.look()
    assert desk.reports.empty()
    desk.replicas.number = 3
    await desk.gateway.look()
    assert await desk.heard() == Room(slots=3 * EACH)
    desk.replicas.number = 0
    await desk.gateway.look()
    # One is on its way back, and whoever waits for it must not be refused for lack of room.
    assert await desk.heard() == Room(slots=EACH)


async def test_the_watch_ends_when_the_application_is_deleted(desk: Desk) -> None:
    watch = asyncio.create_task(desk.gateway.watch(every_seconds=0.01))
    await asyncio.sleep(0.03)
    desk.replicas.number = None
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ApplicationGone):
            await watch


async def test_an_order_that_finds_no_application_ends_the_watch_at_once(desk: Desk) -> None:
    watch = asyncio.create_task(desk.gateway.watch(every_seconds=PATIENCE * 10))
    await asyncio.sleep(0)
    desk.gateway.take(asked("one", "gone"))
    assert isinstance(await desk.heard(), Lost)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ApplicationGone):
            await watch


async def test_closing_gives_up_everything(desk: Desk) -> None:
    desk.gateway.take(asked("one", "hold"))
    desk.gateway.take(asked("two", "hold"))
    await asyncio.sleep(0)
    await desk.gateway.close()
    assert sorted(desk.replicas.given_up) == ["one", "two"]
