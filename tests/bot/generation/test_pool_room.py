"""How much a pool hands over follows what is reported: room that changes, and none at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.generation.pool import WorkerPool
from bot.generation.port import GenerationError
from bot.generation.protocol import Busy, Embed, Generate, KnownJoke, Lost, Order, Result, Room
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


async def test_a_request_for_which_there_is_no_room_is_told_that_it_is_busy() -> None:
    worker = ConnectionTwin()
    async with pool_on(worker, slots=8) as pool:
        asking = asyncio.create_task(pool.generate(request_for("cats")))
        await until(lambda: bool(worker.orders), seconds=PATIENCE)
        worker.say(Busy(id=worker.orders[0].id))  # type: ignore[union-attr]
        with pytest.raises(GenerationError) as refused:
            await asking
        assert refused.value.reason is Reason.BUSY
        assert refused.value.seconds is not None
        assert len(worker.generating) == 1


async def test_jokes_that_could_not_be_read_are_nobody_elses_worry() -> None:
    worker = ConnectionTwin()
    async with pool_on(worker, slots=8) as pool:
        for refusal in (lambda name: Busy(id=name), lambda name: Lost(id=name, detail="died")):
            reading = asyncio.create_task(pool.embed([KnownJoke(text="Ha")]))
            await until(
                lambda: isinstance(worker.orders[-1:] and worker.orders[-1], Embed),
                seconds=PATIENCE,
            )
            order = worker.orders.pop()
            assert isinstance(order, Embed)
            worker.say(refusal(order.id))
            with pytest.raises(GenerationError):
                await reading
