"""Whatever a server does, a request is tried three times at most and then the member is told."""

import asyncio
import logging
import time

import pytest

from bot.generation.port import Generation, GenerationError, Wait
from bot.generation.queue import Place
from bot.generation.supervisor import WorkerState
from bot.jokes import Reason
from tests.bot.generation.pools import PATIENCE, ask, outcome, request_for
from tests.bot.generation.server.serving import pool_at, until_serving
from tests.campaigns.waiting import until
from tests.platforms.openai import Fault, OpenAIServer

FAILURES = {
    "an error of the server": Fault(status=500),
    "too many requests": Fault(status=429, headers={"Retry-After": "0.05"}),
    "a gateway without a server": Fault(status=502),
    "a server that is starting": Fault(status=503),
    "no JSON": Fault(body=b"<html>It works!</html>"),
    "JSON of another kind": Fault(body=b'{"choices": [{"txt": 1}]}'),
    "no choices": Fault(body=b'{"choices": []}'),
    "an answer that breaks off": Fault(breaks_off=True),
    "a connection that breaks": Fault(drops=True),
    "a request that hangs": Fault(hangs=True),
    "a model that is gone": Fault(status=404),
}


# A request that hangs is waited for to the end of its time; the other failures tell at once, and
# where they have to be followed by a success, a busy machine must have time for it.
_SOON = 1.0


def _patience(fault: Fault) -> float:
    return _SOON if fault.hangs else PATIENCE


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES.keys())
async def test_a_request_that_fails_is_tried_again_and_answered(fault: Fault) -> None:
    async with (
        OpenAIServer() as server,
        pool_at(server.url, request_seconds=_patience(fault)) as pool,
    ):
        await until_serving(pool)
        server.go_wrong(fault, fault)
        assert isinstance(await ask(pool, "cats"), Generation)


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES.keys())
async def test_a_request_that_fails_three_times_is_given_up_and_others_are_not(
    fault: Fault,
) -> None:
    async with (
        OpenAIServer() as server,
        pool_at(server.url, request_seconds=_patience(fault)) as pool,
    ):
        await until_serving(pool)
        server.go_wrong(fault, fault, fault)
        told = Reason.BUSY if fault.status == 429 else Reason.GAVE_UP
        assert await ask(pool, "cats") is told
        assert not server.faults["completions"]
        assert isinstance(await ask(pool, "dogs"), Generation)


async def test_one_failure_costs_the_others_nothing() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.held.clear()
        others = [ask(pool, "dogs") for _ in range(3)]
        await until(lambda: len(server.asked) == 3, seconds=PATIENCE)
        server.go_wrong(Fault(status=500))
        failed = ask(pool, "cats")
        await until(lambda: len(server.asked) == 4, seconds=PATIENCE)
        server.held.set()
        made = await asyncio.gather(*others, failed)
        assert all(isinstance(each, Generation) for each in made)
        assert len(server.asked) == 4


async def test_a_prompt_that_the_server_cannot_use_is_refused_at_once() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.go_wrong(Fault(status=422))
        assert await ask(pool, "cats") is Reason.NOTHING_FIT
        assert not server.asked


async def test_nothing_is_sent_before_the_time_that_a_busy_server_names() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.go_wrong(Fault(status=429, headers={"Retry-After": "0.6"}))
        began = time.monotonic()
        first = ask(pool, "cats")
        await until(lambda: not server.faults["completions"], seconds=PATIENCE)
        await until(lambda: pool.status.running == 0, seconds=PATIENCE)
        wait = Wait()
        second = asyncio.create_task(outcome(pool, request_for("dogs", member="bob"), wait))
        await asyncio.sleep(0)
        assert wait.place() == Place(own=0, ahead=0)
        assert pool.seconds_to_wait() >= 1
        assert not server.asked
        assert isinstance(await first, Generation)
        assert isinstance(await second, Generation)
        assert time.monotonic() - began >= 0.6


async def test_whoever_cannot_be_answered_in_time_hears_it_at_once_and_how_long_to_wait() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.go_wrong(Fault(status=429, headers={"Retry-After": "300"}))
        waiting = ask(pool, "cats", deadline=0.5)
        assert await waiting is Reason.DEADLINE
        with pytest.raises(GenerationError) as refusal:
            await pool.generate(request_for("cats", deadline=60.0))
        assert refusal.value.reason is Reason.BUSY
        assert 290 <= (refusal.value.seconds or 0) <= 300


async def test_a_server_that_takes_few_requests_answers_many_in_the_end() -> None:
    server = OpenAIServer(most=2)
    async with server, pool_at(server.url, requests=4, attempts=10) as pool:
        await until_serving(pool)
        made = await asyncio.gather(*(ask(pool, f"cat {number}") for number in range(12)))
        assert all(isinstance(each, Generation) for each in made)
        assert server.most_running <= 2


async def test_a_deadline_holds_while_a_request_hangs_and_its_connection_is_closed() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.go_wrong(Fault(hangs=True))
        assert await ask(pool, "cats", deadline=0.2) is Reason.DEADLINE
        await until(lambda: server.abandoned == 1, seconds=PATIENCE)


async def test_without_a_server_members_are_refused_and_when_it_comes_they_are_served() -> None:
    server = OpenAIServer()
    await server.start()
    await server.stop()
    async with pool_at(server.url) as pool:
        await pool.met()
        assert await ask(pool, "cats") is Reason.MODEL_DOWN
        await until(lambda: pool.status.worker.down, seconds=PATIENCE)
        assert await ask(pool, "cats") is Reason.MODEL_DOWN
        assert pool.status.worker.outage
        assert "cannot be reached" in pool.status.worker.trouble
        await server.start()
        try:
            await until_serving(pool)
            assert not pool.status.worker.outage
            assert isinstance(await ask(pool, "cats"), Generation)
        finally:
            await pool.close()
            await server.stop()


async def test_a_restart_of_the_server_loses_no_request() -> None:
    async with OpenAIServer() as server, pool_at(server.url) as pool:
        await until_serving(pool)
        server.held.clear()
        waiting = [ask(pool, "cats") for _ in range(3)]
        await until(lambda: len(server.asked) == 3, seconds=PATIENCE)
        await server.stop()
        server.held.set()
        await server.start()
        assert all(isinstance(each, Generation) for each in await asyncio.gather(*waiting))


async def test_a_server_that_falls_silent_is_noticed_while_nobody_asks() -> None:
    async with OpenAIServer() as server, pool_at(server.url, heartbeat_seconds=0.4) as pool:
        await until_serving(pool)
        server.go_wrong(*[Fault(hangs=True)] * 30, route="models")
        await until(lambda: pool.status.worker.state is not WorkerState.SERVING, seconds=PATIENCE)
        assert pool.status.worker.outage
        server.faults["models"].clear()
        await until_serving(pool)


async def test_a_server_that_works_for_long_on_a_request_is_not_taken_for_silent() -> None:
    async with OpenAIServer() as server, pool_at(server.url, heartbeat_seconds=0.2) as pool:
        await until_serving(pool)
        server.held.clear()
        server.go_wrong(*[Fault(hangs=True)] * 30, route="models")
        slow = ask(pool, "cats")
        await until(lambda: len(server.asked) == 1, seconds=PATIENCE)
        await asyncio.sleep(0.8)
        assert len(server.asked) == 1
        server.faults["models"].clear()
        server.held.set()
        assert isinstance(await slow, Generation)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "wrong"}, "no model wrong, it offers humour"),
        ({"token": "wrong"}, "PUNCHLINE_SERVER__TOKEN"),
    ],
)
async def test_what_an_admin_has_to_correct_is_said_in_the_log_and_the_key_is_not(
    changes: dict[str, str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = "right" if "token" in changes else None
    async with OpenAIServer(key=key) as server, pool_at(server.url, **changes) as pool:  # type: ignore[arg-type]
        await until(lambda: pool.status.worker.down, seconds=PATIENCE)
        assert await ask(pool, "cats") is Reason.MODEL_DOWN
    [line, *_] = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert words in line
    assert "right" not in line
