"""Long polling: asks Telegram for updates, again and again."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

from telegram import Bot, Update
from telegram.error import InvalidToken, RetryAfter, TelegramError

from bot.fronts.backoff import delays
from bot.fronts.telegram.contact import Contact

__all__ = ["Polling"]

_POLL_SECONDS = 25
_GOODBYE_SECONDS = 2.0

_log = logging.getLogger("punchline.telegram")


class Polling:
    """Puts updates into a queue, in order.

    The library's own `Updater` would do the same, but it cannot be stopped while it waits after an
    error, and ends without a word when the token is revoked.
    """

    def __init__(
        self,
        *,
        bot: Bot,
        queue: "asyncio.Queue[object]",
        allowed_updates: Sequence[str],
        contact: Contact,
    ) -> None:
        self._bot = bot
        self._queue = queue
        self._allowed_updates = allowed_updates
        self._contact = contact
        self._offset: int | None = None

    async def run(self) -> None:
        """Poll until cancelled. Raises `InvalidToken`."""
        webhook_gone = False
        waits = delays()
        while True:
            try:
                if not webhook_gone:
                    webhook_gone = await self._bot.delete_webhook()
                updates = await self._bot.get_updates(
                    offset=self._offset,
                    timeout=_POLL_SECONDS,
                    allowed_updates=self._allowed_updates,
                )
            except InvalidToken:
                raise
            except TelegramError as error:
                seconds = _pause(error, next(waits))
                self._contact.lost(error, seconds=seconds)
                await asyncio.sleep(seconds)
            except Exception:
                # Something in an update that the library does not understand.
                _log.exception("An answer of Telegram could not be read.")
                await asyncio.sleep(next(waits))
            else:
                self._contact.there()
                waits = delays()
                self._take(updates)

    async def close(self) -> None:
        """Tell Telegram which updates have come, so that they do not come again."""
        if self._offset is None:
            return
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._bot.get_updates(
                    offset=self._offset, timeout=0, allowed_updates=self._allowed_updates, limit=1
                )

    def _take(self, updates: Sequence[Update]) -> None:
        for update in updates:
            self._queue.put_nowait(update)
            self._offset = update.update_id + 1


def _pause(error: TelegramError, seconds: float) -> float:
    if isinstance(error, RetryAfter) and isinstance(error.retry_after, timedelta):
        return error.retry_after.total_seconds()
    return seconds
