"""The message with which /retrain is answered."""

import logging

from telegram.error import BadRequest, TelegramError

from bot.fronts.enclosures import enclosures
from bot.fronts.following import PageGoneError
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.run_texts import RunTexts
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.spots import Spot
from bot.languages import Words
from bot.learning import RunReport
from bot.store.record_port import Post

__all__ = ["TelegramPage"]

_LARGEST_FILE = 10 * 2**20
"""Bytes of a photo (https://core.telegram.org/bots/api#sendphoto); documents may have more."""

_log = logging.getLogger("punchline.telegram")


class TelegramPage:
    """Implements `bot.fronts.following.RunPage`."""

    def __init__(
        self, *, post: Post, thread: int | None, sender: Sender, texts: RunTexts, words: Words
    ) -> None:
        self._post = post
        self._spot = Spot(chat_id=int(post.place), thread=thread, reply_to=int(post.message))
        self._sender = sender
        self._texts = texts
        self._words = words

    async def show(self, report: RunReport) -> None:
        """Raises `PageGoneError`, and what editing raises."""
        text, keyboard = self._texts.run(report, self._words)
        try:
            await self._sender.edit(self._post, text, keyboard=keyboard, attempts=1)
        except (GoneError, BadRequest) as error:
            raise PageGoneError(str(error)) from error

    async def add_verdict(self, report: RunReport) -> None:
        """Samples, the picture and the page, each in a message of its own."""
        samples = self._texts.samples(report.verdict, self._words) if report.verdict else ""
        try:
            if samples:
                await self._sender.say(self._spot, samples)
            for file in await enclosures(report, largest=_LARGEST_FILE):
                await self._sender.send_file(self._spot, file.name, file.data, picture=file.picture)
        except (GoneError, UncertainError, TelegramError) as error:
            _log.warning("A verdict could not be posted: %s", error)
