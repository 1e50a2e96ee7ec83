"""The link that adds the bot to a group."""

import asyncio

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

__all__ = ["InvitationError", "invitation"]


class InvitationError(Exception):
    """Telegram does not say who the bot is; `lasting` if it will not until something is changed."""

    def __init__(self, sentence: str, *, lasting: bool) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.lasting = lasting


async def invitation(*, base_url: str, token: str, seconds: float) -> str:
    """The link for a bot with this token. Raises `InvitationError`."""
    try:
        async with asyncio.timeout(seconds), Bot(token, base_url=base_url) as bot:
            return f"https://t.me/{bot.username}?startgroup=true"
    except InvalidToken as error:
        sentence = (
            "Telegram does not know the token; copy it again from @BotFather into "
            "PUNCHLINE_TELEGRAM__TOKEN"
        )
        raise InvitationError(sentence, lasting=True) from error
    except (TelegramError, TimeoutError) as error:
        reason = str(error) or "no answer"
        raise InvitationError(f"Telegram cannot be reached ({reason})", lasting=False) from error
