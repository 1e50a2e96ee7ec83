"""The webhook: the server brings the updates to the bot."""

import asyncio
import contextlib
import re
import time

import aiohttp

from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.updates import Updates

__all__ = ["Webhook"]

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ANSWER_SECONDS = 30
_LONGEST_PAUSE = 5.0


class Webhook:
    """Posts updates, one after the other, to where the bot wants them.

    An update that is not answered with 2xx comes again after `pause` seconds, which double each
    time. Plain http is accepted, as by a local Bot API server.
    """

    def __init__(self, updates: Updates, *, pause: float) -> None:
        self._updates = updates
        self._pause = pause
        self._secret = ""
        self._task: asyncio.Task[None] | None = None
        self._error: tuple[int, str] | None = None
        self.url = ""
        self.max_connections = 40
        self.failures = 0

    async def set(self, url: str, *, secret: str, max_connections: int | None) -> None:
        """Deliver to a URL from now on. Raises `RefusedError`."""
        if not re.match(r"https?://[^/\s]+", url):
            raise bad_request("bad webhook: invalid webhook URL specified")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        if max_connections is not None and not 1 <= max_connections <= 100:
            raise bad_request("max_connections must be between 1 and 100")
        await self.remove()
        self.url, self._secret = url, secret
        self.max_connections = max_connections or self.max_connections
        self._task = asyncio.create_task(self._deliver())

    async def remove(self) -> None:
        """Deliver nothing any more."""
        self.url, self._secret, self._error = "", "", None
        await self.pause()

    async def pause(self) -> None:
        """Stop delivering, as while the server is down."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def resume(self) -> None:
        """Deliver again after a pause."""
        if self.url and self._task is None:
            self._task = asyncio.create_task(self._deliver())

    def as_json(self) -> Json:
        """The `WebhookInfo` object."""
        told: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if self.url:
            told["max_connections"] = self.max_connections
        if self._error is not None:
            told["last_error_date"], told["last_error_message"] = self._error
        if self._updates.allowed is not None:
            told["allowed_updates"] = sorted(self._updates.allowed)
        return told

    async def _deliver(self) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            pause = self._pause
            while True:
                await self._updates.news()
                update = self._updates.oldest()
                if update is not None and await self._taken(session, update):
                    self._updates.done(update)
                    pause = self._pause
                    continue
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _taken(self, session: aiohttp.ClientSession, update: Json) -> bool:
        """Post one update; whether the bot took it."""
        try:
            async with session.post(self.url, json=update) as response:
                await response.read()
                if response.ok:
                    return True
                reason = f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = f"Connection failed: {error}"
        self.failures += 1
        self._error = int(time.time()), reason
        return False
