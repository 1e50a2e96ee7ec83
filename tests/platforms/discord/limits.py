"""Rate limits: buckets a route, and one for everything."""

import hashlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Allowance", "Limit", "Limits"]

_MOST_WINDOWS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `requests` in `seconds`, counted from the first."""

    requests: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """Whether a request may pass: `retry_after` seconds is None when it may."""

    headers: dict[str, str]
    retry_after: float | None = None
    everywhere: bool = False


_GLOBAL = Limit(requests=50, seconds=1.0)
_ORDINARY = Limit(requests=50, seconds=1.0)
_LIMITS = {
    "messages": Limit(requests=5, seconds=5.0),
    "message edits": Limit(requests=5, seconds=5.0),
    "message deletions": Limit(requests=5, seconds=1.0),
    "reactions": Limit(requests=1, seconds=0.25),
    "typing": Limit(requests=5, seconds=5.0),
    "direct messages": Limit(requests=10, seconds=10.0),
    "commands": Limit(requests=20, seconds=20.0),
    "callbacks": Limit(requests=5, seconds=5.0),
    "webhooks": Limit(requests=5, seconds=2.0),
}


@dataclass(slots=True)
class _Window:
    closes: float
    used: int = 0


class Limits:
    """The buckets; `limits` overrides single ones by name, `everywhere` the one for the whole bot.

    `exceeded` counts refusals by bucket. Source:
    https://discord.com/developers/docs/topics/rate-limits
    """

    def __init__(
        self,
        *,
        limits: Mapping[str, Limit] | None = None,
        everywhere: Limit | None = None,
    ) -> None:
        self.exceeded: Counter[str] = Counter()
        self._limits = {**_LIMITS, **(limits or {})}
        self._everywhere = everywhere or _GLOBAL
        self._windows: dict[tuple[str, str], _Window] = {}
        self._hashes: dict[str, str] = {}

    def take(self, bucket: str, major: str, *, whole_bot: bool) -> Allowance:
        """Count a request against its bucket; `major` is the channel, guild or token it is for."""
        now = time.monotonic()
        if whole_bot:
            window = self._window("everything", "", self._everywhere, now)
            if window.used >= self._everywhere.requests:
                self.exceeded["everything"] += 1
                headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
                return Allowance(headers=headers, retry_after=window.closes - now, everywhere=True)
            window.used += 1
        limit = self._limits.get(bucket, _ORDINARY)
        window = self._window(bucket, major, limit, now)
        refused = window.used >= limit.requests
        window.used += not refused
        headers = self._headers(bucket, limit, window, now)
        if not refused:
            return Allowance(headers=headers)
        self.exceeded[bucket] += 1
        headers["X-RateLimit-Scope"] = "user"
        return Allowance(headers=headers, retry_after=window.closes - now)

    def _window(self, bucket: str, major: str, limit: Limit, now: float) -> _Window:
        key = bucket, major
        window = self._windows.get(key)
        if window is None or window.closes <= now:
            if len(self._windows) > _MOST_WINDOWS:
                self._windows = {
                    each: open_window
                    for each, open_window in self._windows.items()
                    if open_window.closes > now
                }
            window = self._windows[key] = _Window(now + limit.seconds)
        return window

    def _headers(self, bucket: str, limit: Limit, window: _Window, now: float) -> dict[str, str]:
        left = max(window.closes - now, 0.001)
        if bucket not in self._hashes:
            self._hashes[bucket] = hashlib.sha256(bucket.encode()).hexdigest()[:32]
        return {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(limit.requests - window.used),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": self._hashes[bucket],
        }
