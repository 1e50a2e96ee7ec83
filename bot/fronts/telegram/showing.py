"""Keeps what messages show of a joke up to date: its votes, or that it is hidden."""

import logging
from collections import OrderedDict

from asyncio_throttle.throttler import Throttler

from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.presentation import Presentation
from bot.fronts.telegram.reports import Reports
from bot.fronts.telegram.sender import TELEGRAM, Sender
from bot.service import JokeService
from bot.store.port import UnknownJoke
from bot.store.record_port import Post, Records

__all__ = ["Showing"]

_A_MINUTE_IN_A_GROUP = 8
_A_SECOND = 10
_LOOK_EVERY_SECONDS = 0.1
_REMEMBERED = 1_000

_log = logging.getLogger("punchline.telegram")


class Showing:
    """Refreshes messages, seldom enough that jokes need not wait for votes.

    A bot may send 30 messages a second, and 20 a minute to a group, edits included.
    """

    def __init__(
        self,
        *,
        service: JokeService,
        records: Records,
        sender: Sender,
        presentation: Presentation,
        reports: Reports,
    ) -> None:
        self._service = service
        self._records = records
        self._sender = sender
        self._presentation = presentation
        self._reports = reports
        self._share = _throttler(_A_SECOND, seconds=1.0)
        self._shares: OrderedDict[str, Throttler] = OrderedDict()

    async def refresh(self, joke_id: int) -> None:
        """Let every message with a joke show what is true now."""
        for post in await self._records.posts(joke_id):
            if post.front == TELEGRAM:
                await self._refresh(joke_id, post)

    async def report(self, joke_id: int) -> None:
        """Tell the admin chat that a joke was hidden."""
        await self._reports.hidden(await self._service.shown(joke_id))

    async def _refresh(self, joke_id: int, post: Post) -> None:
        if not post.place.startswith("-"):
            await self._show(joke_id, post)
            return
        async with self._share_of(post.place):
            await self._show(joke_id, post)

    async def _show(self, joke_id: int, post: Post) -> None:
        try:
            async with self._share:
                shown = await self._service.shown(joke_id)
                text, keyboard = await self._presentation.render(shown, post.place)
                await self._sender.edit(post, text, keyboard=keyboard)
        except UnknownJoke:
            return
        except GoneError:
            await self._records.unposted(post)
        except UncertainError as error:
            _log.info("The votes of joke %d could not be shown: %s", joke_id, error)

    def _share_of(self, place: str) -> Throttler:
        share = self._shares.get(place) or _throttler(_A_MINUTE_IN_A_GROUP, seconds=60.0)
        self._shares[place] = share
        self._shares.move_to_end(place)
        if len(self._shares) > _REMEMBERED:
            self._shares.popitem(last=False)
        return share


def _throttler(number: int, *, seconds: float) -> Throttler:
    return Throttler(rate_limit=number, period=seconds, retry_interval=_LOOK_EVERY_SECONDS)
