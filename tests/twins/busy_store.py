"""The store in memory, at its busiest."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from bot.jokes import Community, JokeRequest
from bot.store.port import ToldJoke, Usage
from tests.twins.store import MemoryStore

__all__ = ["BusyStore"]


class BusyStore(MemoryStore):
    """What it says may be out of date when it arrives, as with a database others write into."""

    _committing = False

    async def open_request(self, request: JokeRequest) -> int:
        await asyncio.sleep(0)
        return await super().open_request(request)

    async def usage(self, community: Community, *, member: str | None, since: datetime) -> Usage:
        usage = await super().usage(community, member=member, since=since)
        await asyncio.sleep(0)
        return usage

    async def heard(self, community: Community, fingerprints: Collection[str]) -> set[str]:
        heard = await super().heard(community, fingerprints)
        if not self._committing:
            # Long enough for another request to ask the same.
            await asyncio.sleep(0.05)
        return heard

    async def mark_told(self, joke_id: int, told: ToldJoke) -> bool:
        self._committing = True
        try:
            return await super().mark_told(joke_id, told)
        finally:
            self._committing = False
