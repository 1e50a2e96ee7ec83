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

_DAY = timedelta(days=1)


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
    async def turn(self, request: JokeRequest, *, daily_jokes: int = 0) -> AsyncIterator[None]:
        """Held from `refusal` until the request is written down.

        Without it, requests that come at the same moment would not count each other. Members
        queue behind their own requests before they queue behind others', so a flood delays nobody.
        """
        limits = self._limits
        if request.operator or not (limits.member_jokes or limits.community_jokes or daily_jokes):
            yield
            return
        here = request.community
        mine = self._turns.setdefault((here, request.member), asyncio.Lock())
        ours = self._turns.setdefault((here, None), asyncio.Lock())
        async with mine, ours:
            yield

    async def refusal(self, request: JokeRequest, *, daily_jokes: int = 0) -> Declined | None:
        """None when the request is within its quotas, else how many seconds to wait.

        `daily_jokes` is what the community allows a member in 24 hours; 0 is no limit.
        """
        if request.operator:
            return None
        limits = self._limits
        usual = timedelta(seconds=limits.window_seconds)
        now = self._now()
        for reason, member, allowed, window in (
            (Reason.MEMBER_QUOTA, request.member, limits.member_jokes, usual),
            (Reason.COMMUNITY_QUOTA, None, limits.community_jokes, usual),
            (Reason.DAILY_QUOTA, request.member, daily_jokes, _DAY),
        ):
            if not allowed:
                continue
            usage = await self._store.usage(request.community, member=member, since=now - window)
            if usage.count >= allowed and usage.oldest is not None:
                left = (usage.oldest + window - now).total_seconds()
                return Declined(reason=reason, seconds=max(1, math.ceil(left)))
        return None
