"""The engine's thread in a replica: many callers, one loop, and its death is nobody's secret."""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.generation.cluster.engine_thread import EngineStopped, EngineThread
from bot.generation.protocol import Cancel, Generate, Order, Ready, Report, Result, Sampling
from finetune.candidates import Candidate
from tests.campaigns.waiting import until

PATIENCE = 20.0
SAMPLING = Sampling(temperature=1.0, top_k=0, top_p=1.0, max_tokens=8)
READY = Ready(version="funny", device="cpu", dtype="float32", slots=4)


class ScriptedLoop:
    """Answers at once; `hold` never, `die` ends the thread, `hang` stops it for as long as wanted.

    `full` makes everything after it wait for `places`, as an engine without a free slot does.
    """

    def __init__(self, inbox: "queue.SimpleQueue[Order]", report: Callable[[Report], None]) -> None:
        self.cancelled: list[str] = []
        self.seen: list[Generate] = []
        self.go_on = threading.Event()
        self._inbox = inbox
        self._report = report
        report(READY)

    def run(self) -> None:
        while True:
            order = self._inbox.get()
            if isinstance(order, Cancel):
                self.cancelled.append(order.id)
            if isinstance(order, Generate):
                self.seen.append(order)
                self._act(order)

    def _act(self, order: Generate) -> None:
        match order.topic:
            case "hold":
                return
            case "hang":
                self.go_on.wait(PATIENCE)
            case "die":
                raise RuntimeError("the device is gone")
            case "end":
                raise SystemExit(3)
        joke = Candidate(text=str(order.topic), tokens=1, score=0, complete=True)
        self._report(Result(id=order.id, candidates=(joke,), seconds=0.0))


class Room:
    """An engine thread and the loop in it."""

    def __init__(self) -> None:
        loops: list[ScriptedLoop] = []

        def begin(
            inbox: "queue.SimpleQueue[Order]", report: Callable[[Report], None]
        ) -> ScriptedLoop:
            loops.append(ScriptedLoop(inbox, report))
            return loops[0]

        self.engine = EngineThread(begin)
        (self.loop,) = loops


def asked(name: str, topic: str = "cats") -> Generate:
    return Generate(id=name, topic=topic, opening=None, count=1, seed=1, sampling=SAMPLING)


async def test_every_caller_gets_the_report_on_its_own_order() -> None:
    room = Room()
    topics = ("cats", "dogs", "the moon")
    # Two bots count from one.
    reports = await asyncio.gather(*(room.engine.obey(asked("1", topic)) for topic in topics))
    told = [(each.id, each.candidates[0].text) for each in reports if isinstance(each, Result)]
    assert told == [("1", topic) for topic in topics]
    assert len({order.id for order in room.loop.seen}) == len(topics)
    assert room.engine.ready == READY


async def test_a_caller_that_goes_away_takes_its_order_along() -> None:
    room = Room()
    waiting = asyncio.create_task(room.engine.obey(asked("1", "hold")))
    await until(lambda: bool(room.loop.seen), seconds=PATIENCE)
    waiting.cancel()
    await until(lambda: room.loop.cancelled == [room.loop.seen[0].id], seconds=PATIENCE)


@pytest.mark.parametrize("topic", ["die", "end"])
async def test_an_engine_that_fails_fails_everybody_and_whoever_comes_later(topic: str) -> None:
    room = Room()
    waiting = asyncio.create_task(room.engine.obey(asked("1", "hold")))
    await until(lambda: bool(room.loop.seen), seconds=PATIENCE)
    for order in (asked("2", topic), asked("3")):
        with pytest.raises(EngineStopped):
            async with asyncio.timeout(PATIENCE):
                await room.engine.obey(order)
    with pytest.raises(EngineStopped):
        await waiting
    with pytest.raises(EngineStopped):
        await room.engine.prove_it_writes(seconds=PATIENCE)


async def test_an_engine_that_works_proves_it_by_a_token() -> None:
    room = Room()
    await room.engine.prove_it_writes(seconds=PATIENCE)
    (token,) = room.loop.seen
    assert (token.count, token.sampling.max_tokens) == (1, 1)


async def test_an_engine_that_hangs_cannot_prove_that_it_writes() -> None:
    room = Room()
    hanging = asyncio.create_task(room.engine.obey(asked("1", "hang")))
    try:
        with pytest.raises(TimeoutError):
            await room.engine.prove_it_writes(seconds=0.1)
    finally:
        room.loop.go_on.set()
        await hanging
    await room.engine.prove_it_writes(seconds=PATIENCE)


async def test_an_engine_without_a_free_place_is_sound_while_jokes_are_finished() -> None:
    """Its token waits behind others; that one of them comes out is as good a proof."""
    holding = HoldingLoop()
    engine = EngineThread(holding.begin)
    joke = asyncio.create_task(engine.obey(asked("1")))
    proof = asyncio.create_task(engine.prove_it_writes(seconds=0.3))
    await until(lambda: len(holding.orders) == 2, seconds=PATIENCE)
    holding.finish(0)
    await joke
    await proof


class HoldingLoop:
    """Keeps every order until it is told to finish it."""

    def __init__(self) -> None:
        self.orders: list[Generate] = []

    def begin(
        self, inbox: "queue.SimpleQueue[Order]", report: Callable[[Report], None]
    ) -> "HoldingLoop":
        self._inbox, self._report = inbox, report
        report(READY)
        return self

    def run(self) -> None:
        while True:
            order = self._inbox.get()
            if isinstance(order, Generate):
                self.orders.append(order)

    def finish(self, number: int) -> None:
        """Report an order, from whatever thread."""
        self._report(Result(id=self.orders[number].id, candidates=(), seconds=0.0))


def test_what_cannot_be_loaded_is_raised_where_it_is_begun() -> None:
    def begin(_inbox: object, _report: object) -> ScriptedLoop:
        raise OSError("no such weights")

    with pytest.raises(OSError, match="no such weights"):
        EngineThread(begin)


def test_an_order_keeps_what_was_asked_for() -> None:
    async def ask() -> Generate:
        room = Room()
        await room.engine.obey(asked("name", "cats"))
        return room.loop.seen[0]

    seen = asyncio.run(ask())
    assert replace(seen, id="name") == asked("name", "cats")
