"""However a worker dies, hangs or never starts, every request is answered exactly once."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from bot.generation.pool import WorkerPool
from bot.generation.port import Generation
from bot.generation.supervisor import SupervisionLimits
from bot.jokes import Reason
from tests.bot.generation.pools import (
    PATIENCE,
    QUICK,
    Journal,
    ask,
    model_command,
    outcome,
    pool_of,
    request_for,
    serving,
)
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until
from tests.tiny import TOPICS

Asked = dict[int, "asyncio.Task[Generation | Reason]"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def fifty_jokes(pool: WorkerPool) -> Asked:
    """50 requests of 10 members in 5 communities, each with a seed of its own."""
    return {
        seed: ask(
            pool,
            TOPICS[seed % len(TOPICS)],
            seed=seed,
            count=1 + seed % 2,
            community=f"guild {seed % 5}",
            member=f"member {seed % 10}",
        )
        for seed in range(50)
    }


async def answers_to(asked: Asked) -> dict[int, Generation | Reason]:
    """What everyone got; fails when somebody is left without an answer."""
    answers = await asyncio.wait_for(asyncio.gather(*asked.values()), PATIENCE)
    return dict(zip(asked, answers, strict=True))


def texts(answer: Generation | Reason) -> list[str]:
    """The jokes, which a member would have got in this order."""
    assert isinstance(answer, Generation), answer
    return [candidate.text for candidate in answer.candidates]


def enough(asked: Asked, number: int) -> bool:
    """Whether that many requests have been answered."""
    return sum(task.done() for task in asked.values()) >= number


def strike(pid: int, blow: signal.Signals) -> None:
    """Hit a worker, unless it is gone already."""
    if alive(pid):
        os.kill(pid, blow)


@pytest.mark.parametrize(
    ("blow", "after", "heartbeat"),
    [(signal.SIGKILL, (5, 25), PATIENCE), (signal.SIGSTOP, (5,), 2.0)],
    ids=["killed twice", "stopped"],
)
async def test_with_50_requests_in_flight_a_lost_worker_is_replaced_and_all_are_answered_once(
    tiny_version: Path, blow: signal.Signals, after: Sequence[int], heartbeat: float
) -> None:
    limits = SupervisionLimits(
        heartbeat_seconds=heartbeat, start_seconds=PATIENCE, pause_seconds=0.05
    )
    async with pool_of(model_command(tiny_version), limits=limits) as pool:
        asked = fifty_jokes(pool)
        pid = None
        for answered in after:
            pid = await serving(pool, not_pid=pid)
            await until(partial(enough, asked, answered), seconds=PATIENCE)
            strike(pid, blow)
        answers = await answers_to(asked)
        assert await serving(pool, not_pid=pid) != pid
        assert pid is not None
        assert not alive(pid)
        undisturbed = await answers_to(fifty_jokes(pool))
        assert list(map(texts, answers.values())) == list(map(texts, undisturbed.values()))
        assert pool.status.running == pool.status.waiting == 0


async def test_a_worker_killed_again_and_again_at_any_moment_loses_and_doubles_no_request(
    journal: Journal,
) -> None:
    moments = random.Random(11)
    async with pool_of(journal.command) as pool:
        for _ in range(8):
            pid = await serving(pool)
            asked = fifty_jokes(pool)
            await asyncio.sleep(moments.uniform(0.0, 0.03))
            strike(pid, signal.SIGKILL)
            answers = await answers_to(asked)
            for seed, answer in answers.items():
                assert isinstance(answer, Generation)
                assert answer.candidates[0].text == f"{TOPICS[seed % len(TOPICS)]} {seed}.0"
        assert pool.status.running == pool.status.waiting == 0


async def test_a_request_that_kills_workers_is_given_up_after_three_tries_and_takes_nobody_along(
    tiny_version: Path,
) -> None:
    command = model_command(tiny_version, module="tests.bot.generation.eccentric_worker")
    async with pool_of(command) as pool:
        await serving(pool)
        pids = set()
        poison = ask(pool, "poison", member="poisoner")
        innocent = [ask(pool, topic, member=topic) for topic in TOPICS]
        while not poison.done():
            pids.add(pool.status.worker.pid)
            await asyncio.sleep(0.02)
        assert poison.result() is Reason.GAVE_UP
        assert len(pids - {None}) == 3
        answers = await asyncio.wait_for(asyncio.gather(*innocent), PATIENCE)
        assert all(isinstance(answer, Generation) for answer in answers)


@pytest.mark.parametrize("topic", ["die", "freeze", "garble"])
async def test_however_a_request_ends_its_worker_it_is_tried_three_times_the_last_alone(
    journal: Journal, topic: str
) -> None:
    async with pool_of(journal.command, limits=QUICK) as pool:
        await serving(pool)
        poison = ask(pool, topic, member="poisoner")
        innocent = [
            ask(pool, "cats", member=f"member {number}", seed=number) for number in range(3)
        ]
        assert await asyncio.wait_for(poison, PATIENCE) is Reason.GAVE_UP
        answers = await asyncio.wait_for(asyncio.gather(*innocent), PATIENCE)
        assert all(isinstance(answer, Generation) for answer in answers)
        assert journal.events("generate").count(topic) == 3
        assert len(journal.events("start")) == 4


async def test_nobody_joins_a_request_on_its_last_try(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        pid = await serving(pool)
        suspect = ask(pool, "hold")
        await until(lambda: journal.events("generate") == ["hold"], seconds=PATIENCE)
        strike(pid, signal.SIGKILL)
        pid = await serving(pool, not_pid=pid)
        await until(lambda: journal.events("generate") == ["hold"] * 2, seconds=PATIENCE)
        strike(pid, signal.SIGKILL)
        await until(lambda: journal.events("generate") == ["hold"] * 3, seconds=PATIENCE)
        innocent = ask(pool, "cats")
        await until(lambda: pool.status.waiting == 1, seconds=PATIENCE)
        suspect.cancel()
        assert texts(await innocent) == ["cats 1.0"]
    assert journal.events("generate") == ["hold"] * 3 + ["cats"]


async def test_two_poisonous_requests_at_once_take_nobody_along_either(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        await serving(pool)
        poison = [ask(pool, "die", member=f"poisoner {number}") for number in range(2)]
        innocent = [ask(pool, "cats", member=f"member {number}") for number in range(20)]
        assert await asyncio.gather(*poison) == [Reason.GAVE_UP] * 2
        answers = await asyncio.wait_for(asyncio.gather(*innocent), PATIENCE)
        assert all(isinstance(answer, Generation) for answer in answers)


async def test_a_model_that_dies_of_every_request_is_down_in_the_end(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        await serving(pool)
        answers = [await outcome(pool, request_for("die")) for _ in range(2)]
        assert answers == [Reason.GAVE_UP, Reason.MODEL_DOWN]
        await serving(pool)
        assert isinstance(await outcome(pool, request_for("cats")), Generation)
        assert pool.status.worker.failures == 0


BOT = """
import asyncio, json, sys
from tests.bot.generation.pools import ask, pool_of, serving

async def main():
    async with pool_of(json.loads(sys.argv[1])) as pool:
        while pool.status.worker.pid is None:
            await asyncio.sleep(0.01)
        if sys.argv[2] == "serving":
            await serving(pool)
            ask(pool, "cat", count=4)
        print(pool.status.worker.pid, flush=True)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["starting", "serving"])
def test_a_worker_whose_bot_was_killed_ends_by_itself(tiny_version: Path, moment: str) -> None:
    command = json.dumps(model_command(tiny_version))
    with subprocess.Popen(
        [sys.executable, "-c", BOT, command, moment], stdout=subprocess.PIPE, text=True
    ) as bot:
        assert bot.stdout is not None
        worker = int(bot.stdout.readline())
        bot.kill()
    deadline = time.monotonic() + PATIENCE
    while alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)
