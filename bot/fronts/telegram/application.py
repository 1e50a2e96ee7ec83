"""The python-telegram-bot application: one bot, its connections and its flood limits."""

import logging
import os
from typing import Any

from telegram.ext import Application, ApplicationBuilder

from bot.fronts.telegram.pacing import Pace

__all__ = ["ALLOWED_UPDATES", "TelegramApplication", "build_application"]

TelegramApplication = Application[Any, Any, Any, Any, Any, Any]

ALLOWED_UPDATES = (
    "message",
    "callback_query",
    "inline_query",
    "message_reaction",
    "my_chat_member",
)
"""What the bot wants to hear of; migrations come as messages."""

_CONNECTIONS = 64
_SECONDS_FOR_A_CONNECTION = 600.0
_SECONDS_FOR_AN_ANSWER = 10.0
# They log what Punchline says in its own words, or addresses that contain the token.
_TALKATIVE = ("telegram", "httpx", "httpcore", "tornado.access")


def build_application(*, token: str, base_url: str) -> TelegramApplication:
    """An application that has not spoken to Telegram yet. Raises `InvalidToken` for no token."""
    # The library then gives spans of time as such, as its next versions will do anyway.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return (
        ApplicationBuilder()
        .token(token)
        .base_url(base_url)
        .rate_limiter(Pace())
        .job_queue(None)
        .connection_pool_size(_CONNECTIONS)
        .pool_timeout(_SECONDS_FOR_A_CONNECTION)
        .read_timeout(_SECONDS_FOR_AN_ANSWER)
        .build()
    )
