"""Updates on their way to the bot: kept in order until it confirms them."""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.refusals import conflict

__all__ = ["Updates"]

_LEFT_OUT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_FIRST_ID = 870_000_001
_REMEMBERED = 20_000
_MOST_AT_ONCE = 100


class Updates:
    """The queue of updates and who polls it.

    `allowed` are the kinds of update the bot asked for, None for the default ones; as with
    Telegram, it only matters for updates that come later.
    """

    def __init__(self) -> None:
        self.allowed: frozenset[str] | None = None
        self._ids = itertools.count(_FIRST_ID)
        self._waiting: deque[Json] = deque()
        self._again: deque[Json] = deque()
        self._past: dict[int, Json] = {}
        self._news = asyncio.Event()
        self._poll: asyncio.Future[str] | None = None
        self.polls = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._again)

    @property
    def polling(self) -> bool:
        """Whether somebody waits for updates right now."""
        return self._poll is not None

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Set what the bot wants; None leaves it as it is, nothing means the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def wanted(self, kind: str) -> bool:
        """Whether the bot asked for this kind of update."""
        if self.allowed is None:
            return kind not in _LEFT_OUT_BY_DEFAULT
        return kind in self.allowed

    def add(self, kind: str, payload: Json) -> int | None:
        """Queue an update; its id, or None if the bot does not want the kind."""
        if not self.wanted(kind):
            return None
        update_id = next(self._ids)
        update: Json = {"update_id": update_id, kind: payload}
        self._waiting.append(update)
        self._remember(update)
        self._news.set()
        return update_id

    def add_again(self, update_id: int) -> None:
        """Deliver an update once more, although it may be confirmed. Raises `KeyError`."""
        self._again.append(self._past[update_id])
        self._news.set()

    def clear(self) -> None:
        """Drop everything that waits."""
        self._waiting.clear()
        self._again.clear()

    def confirm(self, offset: int) -> None:
        """Forget updates before an offset; a negative one keeps only that many of the latest."""
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        while offset > 0 and self._waiting and self._waiting[0]["update_id"] < offset:
            self._waiting.popleft()

    def oldest(self) -> Json | None:
        """What the webhook is given next."""
        waiting = self._again or self._waiting
        return waiting[0] if waiting else None

    def done(self, update: Json) -> None:
        """The webhook has taken the oldest update."""
        for waiting in (self._again, self._waiting):
            if waiting and waiting[0] is update:
                waiting.popleft()
                return

    async def news(self) -> None:
        """Wait until something waits."""
        while not len(self):
            self._news.clear()
            await self._news.wait()

    def end_poll(self, reason: str) -> None:
        """Answer whoever polls with a conflict."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)

    async def poll(self, *, offset: int, limit: int, seconds: float) -> list[Json]:
        """Long polling. A later poller ends this one with a conflict, a `RefusedError`."""
        self.polls += 1
        self.end_poll(
            "terminated by other getUpdates request; make sure that only one bot instance is "
            "running"
        )
        mine = self._poll = asyncio.get_running_loop().create_future()
        try:
            self.confirm(offset)
            if not len(self) and seconds > 0:
                await self._wait(mine, seconds)
            if mine.done():
                raise conflict(mine.result())
            return list(self._batch(min(limit, _MOST_AT_ONCE)))
        finally:
            if self._poll is mine:
                self._poll = None

    async def _wait(self, ended: "asyncio.Future[str]", seconds: float) -> None:
        news = asyncio.ensure_future(self.news())
        both: set[asyncio.Future[Any]] = {news, ended}
        try:
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()

    def _batch(self, limit: int) -> Iterator[Json]:
        """What is delivered now; an old update that comes again comes before the new ones."""
        again = min(limit, len(self._again))
        for _ in range(again):
            yield self._again.popleft()
        yield from itertools.islice(self._waiting, limit - again)

    def _remember(self, update: Json) -> None:
        self._past[update["update_id"]] = update
        if len(self._past) > _REMEMBERED:
            del self._past[next(iter(self._past))]
