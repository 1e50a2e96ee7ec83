"""A request made in a chat: answered once, its place shown while it takes long, cancellable."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from asyncio_throttle.throttler import Throttler

from bot.generation.port import Wait
from bot.generation.queue import Place
from bot.jokes import Answer, Declined, JokeRequest, Reason
from bot.service import JokeService

__all__ = ["Asks", "Cancelled", "ShowPlace"]

ShowPlace = Callable[[Place | None], Awaitable[None]]
"""Shows a member where the request stands; None means that the joke is being made."""

_log = logging.getLogger("punchline.asking")


class Cancelled(Enum):
    """What came of an attempt to cancel."""

    DONE = auto()
    NOT_YOURS = auto()
    TOO_LATE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ask:
    member: str
    task: "asyncio.Task[Answer]"


class Asks:
    """The requests under way on one platform, by a key of the platform's choosing.

    A place in line is shown after `patience_seconds`, then at most every `pace_seconds`.
    """

    def __init__(
        self, *, service: JokeService, patience_seconds: float = 2.0, pace_seconds: float = 1.0
    ) -> None:
        self._service = service
        self._patience_seconds = patience_seconds
        self._pace_seconds = pace_seconds
        self._asks: dict[str, _Ask] = {}

    async def ask(self, request: JokeRequest, *, key: str, show: ShowPlace) -> Answer:
        """The answer; `show` is called while it takes long and the place changes.

        Nothing is shown any more once this has returned. A key that is under way already, as of an
        event delivered twice, still belongs to the earlier request.
        """
        wait = Wait()
        task = asyncio.create_task(self._service.tell(request, wait=wait), name="ask")
        ask = _Ask(member=request.member, task=task)
        self._asks.setdefault(key, ask)
        showing = asyncio.create_task(self._show_place(wait, show), name="place in line")
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return Declined(reason=Reason.CANCELLED)
        finally:
            if self._asks.get(key) is ask:
                del self._asks[key]
            task.cancel()
            showing.cancel()
            await asyncio.gather(task, showing, return_exceptions=True)

    def cancel(self, key: str, member: str) -> Cancelled:
        """Give a request up for the member who made it."""
        ask = self._asks.get(key)
        if ask is None:
            return Cancelled.TOO_LATE
        if ask.member != member:
            return Cancelled.NOT_YOURS
        return Cancelled.DONE if ask.task.cancel() else Cancelled.TOO_LATE

    def cancel_latest(self, member: str, *, prefix: str = "") -> bool:
        """Give up the member's latest request among the keys that begin so."""
        for key, ask in reversed(self._asks.items()):
            if ask.member == member and key.startswith(prefix):
                return ask.task.cancel()
        return False

    async def _show_place(self, wait: Wait, show: ShowPlace) -> None:
        await asyncio.sleep(self._patience_seconds)
        throttler = Throttler(rate_limit=1, period=self._pace_seconds, retry_interval=0.05)
        shown: Place | str | None = "nothing"
        while True:
            async with throttler:
                place = wait.place()
                if place != shown:
                    shown = place
                    # A place that cannot be shown costs nobody the joke.
                    try:
                        await show(place)
                    except Exception as error:
                        _log.info("A place in line could not be shown: %s", error)
