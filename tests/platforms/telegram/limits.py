"""Flood limits: how much a bot may send, and how it is told to wait."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.platforms.telegram.refusals import too_many
from tests.platforms.telegram.world import Chat

__all__ = ["Flood", "FloodLimits"]

_TOLERANCE = 1.25
"""How much more than the documented number passes at once: requests bunch up on their way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FloodLimits:
    """How many messages are sent or edited (https://core.telegram.org/bots/faq).

    A private chat takes one a second in the long run, but `private_burst` at once. None takes a
    limit away.
    """

    overall_per_second: float | None = 30
    private_per_second: float | None = 1
    private_burst: int = 10
    group_per_minute: float | None = 20


class _Bucket:
    """Fills with each message and leaks steadily; whoever overfills it has to wait."""

    def __init__(self, *, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._level = 0.0
        self._leaked_at = 0.0
        self._closed_until = 0.0

    def wait(self, now: float) -> int:
        """Seconds until there is room for a message, 0 if there is; too early is refused."""
        leaked = (now - self._leaked_at) * self._per_second
        self._level, self._leaked_at = max(self._level - leaked, 0.0), now
        if now >= self._closed_until and self._level + 1 > self._burst:
            excess = self._level + 1 - self._burst
            self._closed_until = now + math.ceil(excess / self._per_second)
        return max(math.ceil(self._closed_until - now), 0)

    def fill(self) -> None:
        """A message went through."""
        self._level += 1


class Flood:
    """Counts what the bot sends, by chat and overall."""

    def __init__(self, limits: FloodLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._overall = (
            _Bucket(
                burst=limits.overall_per_second * _TOLERANCE,
                per_second=limits.overall_per_second,
            )
            if limits.overall_per_second
            else None
        )
        self._chats: dict[int, _Bucket] = {}

    def spend(self, chat: Chat | None) -> None:
        """One message to a chat, or to nowhere in particular. Raises `RefusedError`."""
        buckets = [self._overall, None if chat is None else self._bucket(chat)]
        now = self._clock()
        full = [bucket for bucket in buckets if bucket is not None]
        seconds = max((bucket.wait(now) for bucket in full), default=0)
        if seconds:
            raise too_many(seconds)
        for bucket in full:
            bucket.fill()

    def _bucket(self, chat: Chat) -> _Bucket | None:
        limits = self._limits
        if chat.private:
            rate, burst = limits.private_per_second, float(limits.private_burst)
        elif limits.group_per_minute:
            rate, burst = limits.group_per_minute / 60, limits.group_per_minute * _TOLERANCE
        else:
            return None
        if not rate:
            return None
        if chat.id not in self._chats:
            self._chats[chat.id] = _Bucket(burst=burst, per_second=rate)
        return self._chats[chat.id]
