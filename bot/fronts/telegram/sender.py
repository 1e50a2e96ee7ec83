"""Sends and edits messages, so that each is sent at most once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import islice

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TelegramError

from bot.fronts.backoff import delays
from bot.fronts.once import Once
from bot.fronts.telegram.faults import (
    GoneError,
    UncertainError,
    is_gone,
    never_left,
    unchanged,
)
from bot.fronts.telegram.spots import Spot, described
from bot.fronts.telegram.texts import Script, plain
from bot.store.record_port import Post

__all__ = ["INLINE", "TELEGRAM", "Sender"]

TELEGRAM = "telegram"
INLINE = "inline"
"""The place of messages that members sent through inline mode, anywhere."""

_ATTEMPTS = 12
_OUT_OF_REACH = "Telegram cannot be reached."
_PREVIEW = LinkPreviewOptions(is_disabled=True)

_log = logging.getLogger("punchline.telegram")


class Sender:
    """Speaks for the bot. `moved` is called with the ids of a group that became a supergroup."""

    def __init__(
        self, *, bot: Bot, once: Once, moved: Callable[[int, int], Awaitable[None]]
    ) -> None:
        self._bot = bot
        self._once = once
        self._moved = moved

    async def say(
        self, spot: Spot, text: str | Script, *, keyboard: InlineKeyboardMarkup | None = None
    ) -> Post:
        """Send a message. Raises `GoneError` and `UncertainError`.

        It is sent again only where no part of it can have been sent before.
        """
        for delay in islice(delays(), _ATTEMPTS):
            try:
                message = await self._send(spot, text, keyboard)
            except ChatMigrated as error:
                await self._moved(spot.chat_id, error.new_chat_id)
                spot = Spot(chat_id=error.new_chat_id)
            except BadRequest as error:
                if spot.thread is None or "thread not found" not in str(error).lower():
                    raise self._gone(spot.chat_id, error) from error
                spot = replace(spot, thread=None)
            except NetworkError as error:
                if not never_left(error):
                    raise UncertainError(str(error)) from error
                await asyncio.sleep(delay)
            except TelegramError as error:
                if isinstance(error, RetryAfter) or not is_gone(error):
                    raise
                raise self._gone(spot.chat_id, error) from error
            else:
                place, number = str(message.chat_id), str(message.message_id)
                return Post(front=TELEGRAM, place=place, message=number)
        raise UncertainError(_OUT_OF_REACH)

    async def edit(
        self,
        post: Post,
        text: str | Script,
        *,
        keyboard: InlineKeyboardMarkup | None = None,
        attempts: int = _ATTEMPTS,
    ) -> None:
        """Let a message show something else, which may be tried again and again.

        Raises `GoneError`, and `UncertainError` after the last attempt.
        """
        inline = post.place == INLINE
        said = _said(text)
        for delay in islice(delays(), attempts):
            try:
                await self._bot.edit_message_text(
                    said.text,
                    entities=said.entities,
                    chat_id=None if inline else int(post.place),
                    message_id=None if inline else int(post.message),
                    inline_message_id=post.message if inline else None,
                    reply_markup=keyboard,
                    link_preview_options=_PREVIEW,
                )
            except TelegramError as error:
                if unchanged(error):
                    return
                if is_gone(error):
                    raise self._gone(post.place, error) from error
                if isinstance(error, BadRequest) or not isinstance(error, NetworkError):
                    raise
                await asyncio.sleep(delay)
            else:
                return
        raise UncertainError(_OUT_OF_REACH)

    async def send_file(self, spot: Spot, name: str, data: bytes, *, picture: bool) -> None:
        """Send a file, once; a picture is seen at once. Raises what the library raises."""
        file = InputFile(data, filename=name)
        send = self._bot.send_photo if picture else self._bot.send_document
        await send(
            spot.chat_id, file, message_thread_id=spot.thread, reply_parameters=_reply_in(spot)
        )

    async def _send(
        self, spot: Spot, text: str | Script, keyboard: InlineKeyboardMarkup | None
    ) -> Message:
        said = _said(text)
        return await self._bot.send_message(
            spot.chat_id,
            said.text,
            entities=said.entities,
            message_thread_id=spot.thread,
            reply_parameters=_reply_in(spot),
            reply_markup=keyboard,
            link_preview_options=_PREVIEW,
        )

    def _gone(self, place: int | str, error: TelegramError) -> GoneError:
        reason = str(error)
        if self._once.first(("gone", str(place), reason)):
            _log.info("Nothing can be said in %s: %s", described(place), reason)
        return GoneError(reason)


def _said(text: str | Script) -> Script:
    return Script(text=plain(text)) if isinstance(text, str) else text


def _reply_in(spot: Spot) -> ReplyParameters | None:
    if spot.reply_to is None:
        return None
    return ReplyParameters(spot.reply_to, allow_sending_without_reply=True)
