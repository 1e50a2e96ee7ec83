"""The link that adds the bot to a group."""

import asyncio

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.fronts.invitation import InvitationError

__all__ = ["invitation"]


async def invitation(*, base_url: str, token: str, seconds: float) -> str:
    """The link for a bot with this token. Raises `InvitationError`."""
    try:
        async with asyncio.timeout(seconds), Bot(token, base_url=base_url) as bot:
            return f"https://t.me/{bot.username}?startgroup=true"
    except InvalidToken as error:
        raise InvitationError("Telegram does not know the token", lasting=True) from error
    except (TelegramError, TimeoutError) as error:
        reason = str(error) or "no answer"
        raise InvitationError(f"Telegram cannot be reached ({reason})", lasting=False) from error
