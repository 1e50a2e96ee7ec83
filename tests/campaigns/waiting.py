"""Waiting for something to become true, never for ever."""

import asyncio
from collections.abc import Callable

__all__ = ["until"]

_PAUSE_SECONDS = 0.02


async def until(condition: Callable[[], bool], *, seconds: float) -> None:
    """Look again and again. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(_PAUSE_SECONDS)
