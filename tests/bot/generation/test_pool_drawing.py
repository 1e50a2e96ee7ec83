"""Jokes nobody has asked for: drawn only while nobody waits, and given up for whoever comes."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.generation.pool import WorkerPool
from bot.generation.port import Generation, GenerationError
from bot.generation.protocol import Sampling
from bot.jokes import Reason
from tests.bot.generation.fleets import Yard, fleet_of
from tests.bot.generation.pools import (
    PATIENCE,
    Journal,
    ask,
    model_command,
    pool_of,
    request_for,
    serving,
)
from tests.campaigns.waiting import until

SAMPLING = Sampling(temperature=1.0, top_k=0, top_p=0.95, max_tokens=48)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Journal:
    return Journal(path)


async def drawn(pool: WorkerPool, *, count: int = 4, seed: int = 7) -> Generation | Reason:
    """What a draw gives, or why it gives nothing."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await pool.draw(count=count, seed=seed, sampling=SAMPLING)
    except GenerationError as error:
        return error.reason


async def under_way(pool: WorkerPool, journal: Journal) -> "asyncio.Task[Generation | Reason]":
    """A draw that a worker, which holds all it gets, has in hand."""
    await serving(pool)
    task = asyncio.create_task(drawn(pool))
    await until(lambda: bool(journal.events("generate")), seconds=PATIENCE)
    return task


async def test_it_gives_what_a_request_without_a_topic_would_get(tiny_version: Path) -> None:
    async with pool_of(model_command(tiny_version)) as pool:
        await serving(pool)
        asked = await ask(pool, count=4, seed=7, sampling=SAMPLING)
        assert isinstance(asked, Generation)
        assert await drawn(pool, seed=7) == asked


async def test_it_does_not_count_as_a_request(journal: Journal) -> None:
    async with pool_of(journal.version("one", "hold")) as pool:
        await under_way(pool, journal)
        assert (pool.status.running, pool.status.waiting) == (0, 0)


async def test_a_request_that_comes_ends_it_and_is_the_next_thing_the_worker_hears_of(
    journal: Journal, path: Path
) -> None:
    async with pool_of(journal.version("one", "hold"), slots=4) as pool:
        drawing = await under_way(pool, journal)
        request = ask(pool, "cat", count=4)
        assert await drawing is Reason.BUSY
        await until(lambda: len(journal.events("generate")) == 2, seconds=PATIENCE)
        heard = [json.loads(line)[0] for line in path.read_text().splitlines()]
        assert heard == ["start", "generate", "cancel", "generate"]
        assert journal.events("generate") == ["", "cat"]
        request.cancel()


@pytest.mark.parametrize("slots", [4, 1000])
async def test_while_somebody_is_being_served_there_is_none_whatever_room_there_is(
    journal: Journal, slots: int
) -> None:
    async with pool_of(journal.command, slots=slots) as pool:
        await serving(pool)
        request = ask(pool, "hold", count=4)
        await until(lambda: pool.status.running == 1, seconds=PATIENCE)
        assert await drawn(pool) is Reason.BUSY
        await ask(pool, "release") if slots > 4 else request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        assert not isinstance(await drawn(pool), Reason)


async def test_whoever_gives_it_up_frees_the_worker(journal: Journal) -> None:
    async with pool_of(journal.version("one", "hold")) as pool:
        drawing = await under_way(pool, journal)
        drawing.cancel()
        await until(lambda: bool(journal.events("cancel")), seconds=PATIENCE)


async def test_a_worker_that_dies_takes_it_along_and_no_request(journal: Journal) -> None:
    async with pool_of(journal.version("one", "die")) as pool:
        await serving(pool)
        assert await drawn(pool) is Reason.MODEL_DOWN


async def test_without_a_worker_there_is_none(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        assert await drawn(pool) is Reason.MODEL_DOWN
        await serving(pool)
    assert await drawn(pool) is Reason.CLOSING


async def test_what_cannot_be_drawn_is_given_up(journal: Journal) -> None:
    async with pool_of(journal.version("one", "impossible")) as pool:
        await serving(pool)
        assert await drawn(pool) is Reason.NOTHING_FIT


# In a fleet


async def test_a_request_for_one_version_ends_what_another_draws(journal: Journal) -> None:
    yard = Yard({"old": journal.version("old"), "new": journal.version("new", "hold")})
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 0.5)
        drawing = asyncio.create_task(fleet.draw("new", count=4, seed=1, sampling=SAMPLING))
        await until(lambda: bool(journal.events("generate")), seconds=PATIENCE)
        answer = await fleet.generate(request_for("cat", by_champion=True))
        assert answer.model_version == "old"
        with pytest.raises(GenerationError, match=Reason.BUSY):
            await drawing


async def test_each_version_that_serves_draws_its_own(journal: Journal) -> None:
    yard = Yard({name: journal.version(name) for name in ("old", "new")})
    async with fleet_of(yard, champion="old") as fleet:
        await fleet.try_beside("new", 0.5)
        for version in ("old", "new"):
            generation = await fleet.draw(version, count=1, seed=1, sampling=SAMPLING)
            assert generation.model_version == version
        fleet.withdraw_challenger()
        await until(lambda: fleet.live == {"old"}, seconds=PATIENCE)
        with pytest.raises(GenerationError, match=Reason.MODEL_DOWN):
            await fleet.draw("new", count=1, seed=1, sampling=SAMPLING)


async def test_while_a_version_is_loaded_none_is_drawn(journal: Journal) -> None:
    yard = Yard({"old": journal.version("old"), "new": journal.version("new", "slow")})
    async with fleet_of(yard, champion="old") as fleet:
        loading = asyncio.create_task(fleet.prepare("new"))
        await until(lambda: "new" in yard.pools, seconds=PATIENCE)
        with pytest.raises(GenerationError, match=Reason.BUSY):
            await fleet.draw("old", count=1, seed=1, sampling=SAMPLING)
        await loading


async def test_the_version_that_answers_is_known_beforehand(journal: Journal) -> None:
    yard = Yard({name: journal.version(name) for name in ("old", "new")})
    async with fleet_of(yard, champion="old") as fleet:
        assert {fleet.answers(number) for number in range(1, 20)} == {"old"}
        await fleet.try_beside("new", 0.5)
        for number in range(1, 20):
            answer = await fleet.generate(request_for(joke_id=number))
            assert answer.model_version == fleet.answers(number)
        assert {fleet.answers(number) for number in range(1, 20)} == {"old", "new"}
