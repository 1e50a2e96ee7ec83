"""Keeps the votes shown under jokes up to date without asking too much of the platform."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

__all__ = ["TallyBoard"]

_REMEMBERED = 10_000

_log = logging.getLogger("punchline.tallies")


class TallyBoard:
    """Calls `refresh` with a joke's number after a vote, at most every `seconds` for each joke."""

    def __init__(self, *, refresh: Callable[[int], Awaitable[None]], seconds: float) -> None:
        self._refresh = refresh
        self._seconds = seconds
        self._last: OrderedDict[int, float] = OrderedDict()
        self._due: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    def touch(self, joke_id: int) -> None:
        """The votes of a joke have changed."""
        self._due.add(joke_id)
        if joke_id not in self._tasks and not self._closing.is_set():
            task = asyncio.create_task(self._keep(joke_id), name=f"tally of joke {joke_id}")
            self._tasks[joke_id] = task

    async def close(self, *, seconds: float) -> None:
        """Show what is due now, for so many seconds at most, and stop."""
        self._closing.set()
        tasks = list(self._tasks.values())
        try:
            async with asyncio.timeout(seconds):
                # Not cancelled yet: what is being shown would be lost.
                await asyncio.gather(*tasks, return_exceptions=True)
        except TimeoutError:
            _log.info("Some votes could not be shown before the end.")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, joke_id: int) -> None:
        try:
            while joke_id in self._due:
                await self._pause(joke_id)
                await self._show(joke_id)
        finally:
            del self._tasks[joke_id]

    async def _pause(self, joke_id: int) -> None:
        """Wait until the joke may be shown again, or until the end."""
        left = self._last.get(joke_id, -self._seconds) + self._seconds - time.monotonic()
        if left > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._closing.wait()

    async def _show(self, joke_id: int) -> None:
        self._due.discard(joke_id)
        self._last[joke_id] = time.monotonic()
        self._last.move_to_end(joke_id)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        try:
            await self._refresh(joke_id)
        except Exception:
            _log.exception("The votes of joke %d could not be shown.", joke_id)
