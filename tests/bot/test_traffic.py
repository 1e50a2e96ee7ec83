"""Requests under way, and idle work that ends when one comes."""

import asyncio

import pytest

from bot.traffic import Traffic


async def forever() -> None:
    await asyncio.Event().wait()


async def number() -> int:
    return 7


async def test_it_is_quiet_once_the_last_request_is_answered() -> None:
    traffic = Traffic()
    with traffic.request(), traffic.request():
        assert traffic.under_way == 2
        assert not traffic.nobody.is_set()
        assert traffic.quiet_seconds == 0
    assert traffic.nobody.is_set()
    await asyncio.sleep(0.002)
    assert traffic.quiet_seconds > 0


async def test_idle_work_that_nobody_disturbs_has_an_outcome() -> None:
    assert await Traffic().while_quiet(number) == 7


async def test_a_request_ends_it() -> None:
    traffic = Traffic()
    working = asyncio.create_task(traffic.while_quiet(forever))
    await asyncio.sleep(0)
    with traffic.request():
        assert await working is None


async def test_it_does_not_begin_while_a_request_is_under_way() -> None:
    traffic = Traffic()
    with traffic.request():
        assert await traffic.while_quiet(forever) is None


async def test_what_goes_wrong_in_it_is_heard() -> None:
    async def stumble() -> None:
        raise ValueError("stumbled")

    with pytest.raises(ValueError, match="stumbled"):
        await Traffic().while_quiet(stumble)


async def test_whoever_gives_it_up_ends_it() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    working = asyncio.create_task(Traffic().while_quiet(work))
    await asyncio.sleep(0.001)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert ended.is_set()
