"""Who is owed an answer just now, and what may be done while it is nobody."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["Traffic"]

T = TypeVar("T")


class Traffic:
    """Requests under way; `nobody` is set while there are none."""

    def __init__(self) -> None:
        self.under_way = 0
        self.nobody = asyncio.Event()
        self.nobody.set()
        self._latest = time.monotonic()
        self._idle_work: set[asyncio.Future[Any]] = set()

    @property
    def quiet_seconds(self) -> float:
        """How long nobody has been owed an answer."""
        return 0.0 if self.under_way else time.monotonic() - self._latest

    @contextmanager
    def request(self) -> Iterator[None]:
        """A request is under way for as long as this lasts; idle work ends when it begins."""
        self.under_way += 1
        self.nobody.clear()
        for work in self._idle_work:
            work.cancel()
        try:
            yield
        finally:
            self.under_way -= 1
            self._latest = time.monotonic()
            if not self.under_way:
                self.nobody.set()

    async def while_quiet(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """The outcome of idle work, or None when a request was there or came: it is cancelled."""
        if self.under_way:
            return None
        task = asyncio.ensure_future(work())
        self._idle_work.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._idle_work.discard(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return None if task.cancelled() else task.result()
