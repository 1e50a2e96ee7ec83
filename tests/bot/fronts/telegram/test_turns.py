"""Turns are taken in the order of asking."""

import asyncio

from bot.fronts.telegram.turns import Turns


async def test_one_after_the_other_for_each_key() -> None:
    turns, order = Turns(), []

    async def act(name: str, key: str) -> None:
        async with turns.turn(key):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(act("first", "a"), act("second", "a"), act("third", "a"))
    assert order == [
        f"{name} {what}" for name in ("first", "second", "third") for what in ("begins", "ends")
    ]


async def test_other_keys_do_not_wait() -> None:
    turns = Turns()
    async with turns.turn("a"), turns.turn("b"):
        pass


async def test_nothing_is_kept_afterwards() -> None:
    turns = Turns()

    async def fail() -> None:
        async with turns.turn("a"):
            raise ValueError("x")

    await asyncio.gather(fail(), fail(), return_exceptions=True)
    assert turns._locks == {}
