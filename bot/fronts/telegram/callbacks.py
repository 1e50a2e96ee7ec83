"""Answers to pressed buttons."""

import logging

from telegram import CallbackQuery
from telegram.error import TelegramError

__all__ = ["answer"]

_LONGEST = 200
"""Characters (https://core.telegram.org/bots/api#answercallbackquery)."""

_log = logging.getLogger("punchline.telegram")


async def answer(query: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
    """Show whoever pressed a line of text; too late or lost, it matters little."""
    try:
        await query.answer(text[:_LONGEST] or None, show_alert=alert)
    except TelegramError as error:
        _log.info("A press could not be answered: %s", error)
