"""Counts what is being done, so that the end can wait for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["AtWork"]


class AtWork:
    """How many things are being done now."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """One thing more, until the context is left."""
        self._count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()

    async def done(self) -> None:
        """Wait until nothing is being done."""
        await self._idle.wait()
