"""Jokes that are there already are read by the worker that serves, beside the requests."""

import asyncio
from pathlib import Path

import pytest

from bot.generation.pool import WorkerPool
from bot.generation.port import Embedding, GenerationError
from bot.generation.protocol import KnownJoke
from bot.jokes import Reason
from tests.bot.generation.pools import PATIENCE, Journal, ask, model_command, pool_of, serving
from tests.campaigns.waiting import until


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def embed(pool: WorkerPool, *texts: str) -> "asyncio.Task[Embedding]":
    return asyncio.create_task(pool.embed([KnownJoke(text=text) for text in texts]))


async def refusal(task: "asyncio.Task[Embedding]") -> Reason:
    with pytest.raises(GenerationError) as caught:
        await task
    return caught.value.reason


async def embedding(journal: Journal) -> None:
    await until(lambda: bool(journal.events("embed")), seconds=PATIENCE)


async def test_the_features_come_in_the_order_of_the_jokes(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        await serving(pool)
        assert pool.serves == "scripted"
        assert await embed(pool, "one", "", "three") == Embedding(
            model_version="scripted", features=(b"one", None, b"three")
        )


async def test_without_a_worker_there_are_none(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        assert pool.serves is None
        assert await refusal(embed(pool, "one")) is Reason.MODEL_DOWN
        await serving(pool)
    assert await refusal(embed(pool, "one")) is Reason.CLOSING


async def test_requests_for_jokes_do_not_wait_for_it(journal: Journal) -> None:
    async with pool_of(journal.command, slots=1) as pool:
        await serving(pool)
        held = embed(pool, "hold")
        await embedding(journal)
        assert not isinstance(await ask(pool, "cat"), Reason)
        held.cancel()
        await until(lambda: bool(journal.events("cancel")), seconds=PATIENCE)


async def test_a_worker_that_dies_over_it_takes_only_this_along(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        pid = await serving(pool)
        request = ask(pool, "hold")
        await until(lambda: bool(journal.events("generate")), seconds=PATIENCE)
        assert await refusal(embed(pool, "die")) is Reason.MODEL_DOWN
        await serving(pool, not_pid=pid)
        assert (await embed(pool, "one")).features == (b"one",)
        await until(lambda: len(journal.events("generate")) == 2, seconds=PATIENCE)
        await ask(pool, "release")
        assert not isinstance(await request, Reason)


async def test_what_is_being_read_when_the_pool_closes_is_given_up(journal: Journal) -> None:
    async with pool_of(journal.command) as pool:
        await serving(pool)
        held = embed(pool, "hold")
        await embedding(journal)
    assert await refusal(held) is Reason.CLOSING


async def test_a_real_worker_gives_a_candidate_and_the_same_joke_the_same_features(
    tiny_version: Path,
) -> None:
    async with pool_of(model_command(tiny_version)) as pool:
        await serving(pool)
        generation = await ask(pool, "cat", count=4)
        assert not isinstance(generation, Reason)
        assert all(each.features and len(each.features) == 2 * 64 for each in generation.candidates)
        told = KnownJoke(text=generation.candidates[0].text, topic="cat")
        read = await pool.embed([told, told])
        assert read.model_version == generation.model_version
        assert read.features[0] == read.features[1]
        assert len(read.features[0] or b"") == 2 * 64
