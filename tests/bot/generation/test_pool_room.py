"""How much a pool hands over follows what is reported: room that changes, and none at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.generation.pool import WorkerPool
from bot.generation.port import GenerationError
from bot.generation.protocol import Embed, Generate, KnownJoke, Lost, Order, Result, Room
from bot.generation.queue import LineLimits
from bot.generation.supervisor import SupervisionLimits
from bot.jokes import Reason
from finetune.candidates import Candidate
from tests.bot.generation.pools import PATIENCE, ask, request_for
from tests.campaigns.waiting import until
from tests.twins.connection import ConnectionTwin


@asynccontextmanager
async def pool_on(worker: ConnectionTwin, *, slots: int) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(
        connect=worker.begin,
        limits=SupervisionLimits(
            heartbeat_seconds=PATIENCE, start_seconds=PATIENCE, pause_seconds=0.01
        ),
        line=LineLimits(capacity=100, per_community=100, per_member=100),
        slots=slots,
        attempts=3,
    )
    pool.start()
    try:
        await pool.met()
        yield pool
    finally:
        await pool.close()


def joke_for(order: Order) -> Result:
    assert isinstance(order, Generate)
    joke = Candidate(text="A joke.", tokens=1, score=0, complete=True)
    return Result(id=order.id, candidates=(joke,), seconds=0.0)


async def test_more_is_handed_over_when_there_is_more_room_and_less_when_there_is_less() -> None:
    worker = ConnectionTwin(slots=1)
    async with pool_on(worker, slots=3) as pool:
        asking = [ask(pool, str(number)) for number in range(6)]
        await until(lambda: worker.generating == ["0"], seconds=PATIENCE)
        # Never more than the settings have planned for.
        worker.say(Room(slots=10))
        await until(lambda: worker.generating == ["0", "1", "2"], seconds=PATIENCE)
        worker.say(Room(slots=1))
        for order in worker.orders[:2]:
            worker.say(joke_for(order))
        await asyncio.wait(asking[:2], timeout=PATIENCE)
        assert worker.generating == ["0", "1", "2"]
        worker.say(joke_for(worker.orders[2]))
        await until(lambda: worker.generating == ["0", "1", "2", "3"], seconds=PATIENCE)
        for task in asking:
            task.cancel()


async def test_a_request_that_finds_a_full_cluster_again_and_again_is_told_that_it_is_busy() -> (
    None
):
    worker = ConnectionTwin()
    async with pool_on(worker, slots=8) as pool:
        asking = asyncio.create_task(pool.generate(request_for("cats")))
        for tries in (1, 2, 3):
            await until(lambda: len(worker.generating) == tries, seconds=PATIENCE)  # noqa: B023
            order = worker.orders[-1]
            assert isinstance(order, Generate)
            worker.say(Lost(id=order.id, detail="it is full", seconds=0.05))
        with pytest.raises(GenerationError) as refused:
            await asking
        assert refused.value.reason is Reason.BUSY
        assert refused.value.seconds is not None


async def test_jokes_that_could_not_be_read_are_given_up() -> None:
    worker = ConnectionTwin()
    async with pool_on(worker, slots=8) as pool:
        reading = asyncio.create_task(pool.embed([KnownJoke(text="Ha")]))
        await until(lambda: bool(worker.orders), seconds=PATIENCE)
        order = worker.orders[0]
        assert isinstance(order, Embed)
        worker.say(Lost(id=order.id, detail="the replica died"))
        with pytest.raises(GenerationError):
            await reading
