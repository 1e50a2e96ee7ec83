"""Work that should never end goes on for as long as the program runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

__all__ = ["kept_up"]

_PAUSE_SECONDS = 10.0


@asynccontextmanager
async def kept_up(
    works: Mapping[str, Callable[[], Awaitable[None]]], *, log: logging.Logger, complaint: str
) -> AsyncIterator[None]:
    """Inside, each work runs in a task of its name; one that ends is logged and begins again."""
    tasks = [
        asyncio.create_task(_again_and_again(work, log, complaint), name=name)
        for name, work in works.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(
    work: Callable[[], Awaitable[None]], log: logging.Logger, complaint: str
) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception(complaint)
        await asyncio.sleep(_PAUSE_SECONDS)
