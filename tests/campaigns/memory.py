"""How much memory a bot and its workers take while a scenario is played."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from tests.campaigns.processes import children, resident

__all__ = ["Memory"]

_LOOK_EVERY_SECONDS = 1.0


@dataclass(kw_only=True)
class Memory:
    """Resident MiB of the bot and of its workers together, at some seconds."""

    seconds: list[float] = field(default_factory=list)
    bot: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def watched(self, pid: int) -> AsyncIterator[Self]:
        """Look again and again at a bot until the context is left."""
        watching = asyncio.create_task(self._watch(pid), name="memory")
        try:
            yield self
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, pid: int) -> None:
        while True:
            self.seconds.append(time.monotonic())
            self.bot.append(resident(pid))
            self.worker.append(sum(map(resident, children(pid))))
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
