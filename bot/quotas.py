"""How many jokes a member and a community may ask for in a stretch of time."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from bot.jokes import Community, Declined, JokeRequest, Reason
from bot.store.port import Store

__all__ = ["QuotaLimits", "Quotas"]


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaLimits:
    """Jokes in any stretch of `window_seconds`; 0 jokes is no limit."""

    member_jokes: int
    community_jokes: int
    window_seconds: float


class Quotas:
    """Counts in the store, so that a restart or a second process changes nothing."""

    def __init__(
        self,
        *,
        store: Store,
        limits: QuotaLimits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._limits = limits
        self._now = now
        self._turns: WeakValueDictionary[tuple[Community, str | None], asyncio.Lock] = (
            WeakValueDictionary()
        )

    @asynccontextmanager
    async def turn(self, request: JokeRequest) -> AsyncIterator[None]:
        """Held from `refusal` until the request is written down.

        Without it, requests that come at the same moment would not count each other. Members
        queue behind their own requests before they queue behind others', so a flood delays nobody.
        """
        limits = self._limits
        if request.operator or not (limits.member_jokes or limits.community_jokes):
            yield
            return
        here = request.community
        mine = self._turns.setdefault((here, request.member), asyncio.Lock())
        ours = self._turns.setdefault((here, None), asyncio.Lock())
        async with mine, ours:
            yield

    async def refusal(self, request: JokeRequest) -> Declined | None:
        """None when the request is within its quotas, else how many seconds to wait."""
        if request.operator:
            return None
        window = timedelta(seconds=self._limits.window_seconds)
        now = self._now()
        for reason, member, allowed in (
            (Reason.MEMBER_QUOTA, request.member, self._limits.member_jokes),
            (Reason.COMMUNITY_QUOTA, None, self._limits.community_jokes),
        ):
            if not allowed:
                continue
            usage = await self._store.usage(request.community, member=member, since=now - window)
            if usage.count >= allowed and usage.oldest is not None:
                left = (usage.oldest + window - now).total_seconds()
                return Declined(reason=reason, seconds=max(1, math.ceil(left)))
        return None
