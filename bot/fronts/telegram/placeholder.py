"""The message that shows where a request stands, until the answer takes its place."""

import asyncio

from telegram.error import TelegramError

from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.keyboards import cancel_keyboard
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.spots import Spot
from bot.fronts.wording import Wording
from bot.generation.queue import Place
from bot.languages import Words
from bot.store.record_port import Post

__all__ = ["Placeholder"]


class Placeholder:
    """Sent at the first `show`, edited at the next ones; `key` is what its button cancels."""

    def __init__(self, *, sender: Sender, spot: Spot, words: Words, key: str) -> None:
        self._sender = sender
        self._spot = spot
        self._wording = Wording(words=words)
        self._keyboard = cancel_keyboard(key, words)
        self._post: Post | None = None
        self._task: asyncio.Task[None] | None = None

    async def show(self, place: Place | None) -> None:
        """Show a place in line."""
        if self._task is not None and self._post is None:
            return
        self._task = asyncio.create_task(self._put(self._wording.place(place)))
        # What has begun must end before the answer comes, even when nobody waits for it any more:
        # a message whose id is not known would stand there for ever.
        await asyncio.shield(self._task)

    async def settled(self) -> Post | None:
        """The message to be replaced, once nothing is on its way to it any more."""
        if self._task is not None:
            await self._task
        return self._post

    async def _put(self, text: str) -> None:
        try:
            if self._post is None:
                self._post = await self._sender.say(self._spot, text, keyboard=self._keyboard)
            else:
                await self._sender.edit(self._post, text, keyboard=self._keyboard, attempts=1)
        except (GoneError, UncertainError, TelegramError):
            # A place that cannot be shown costs nobody the joke.
            return
