"""“Typing…” while a joke is made."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.fronts.telegram.spots import Spot

__all__ = ["typing_notice"]

_SECONDS = 4.5
"""Telegram shows it for five seconds (https://core.telegram.org/bots/api#sendchataction)."""


@contextlib.asynccontextmanager
async def typing_notice(bot: Bot, spot: Spot) -> AsyncIterator[None]:
    """Keep it up inside the context; that it cannot be shown matters to nobody."""
    task = asyncio.create_task(_keep_up(bot, spot), name="typing")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_up(bot: Bot, spot: Spot) -> None:
    while True:
        with contextlib.suppress(TelegramError):
            await bot.send_chat_action(
                spot.chat_id, ChatAction.TYPING, message_thread_id=spot.thread
            )
        await asyncio.sleep(_SECONDS)
