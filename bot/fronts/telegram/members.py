"""Who runs a chat: asked of Telegram, and remembered for a minute."""

import logging
import time
from collections import OrderedDict

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

__all__ = ["Members"]

_SECONDS = 60.0
_REMEMBERED = 10_000
_IN_CHARGE = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

_log = logging.getLogger("punchline.telegram")


class Members:
    """Standings in groups; in private chats everybody is their own admin."""

    def __init__(self, *, bot: Bot) -> None:
        self._bot = bot
        self._known: OrderedDict[tuple[int, int], tuple[bool, float]] = OrderedDict()

    async def runs(self, chat_id: int, user_id: int) -> bool:
        """Whether somebody owns or administers a group; no if Telegram does not say."""
        key = chat_id, user_id
        in_charge, until = self._known.get(key, (False, 0.0))
        if time.monotonic() < until:
            return in_charge
        try:
            member = await self._bot.get_chat_member(chat_id, user_id)
        except TelegramError as error:
            _log.info("Who administers chat %d cannot be told: %s", chat_id, error)
            return False
        in_charge = member.status in _IN_CHARGE
        self._known[key] = in_charge, time.monotonic() + _SECONDS
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return in_charge

    async def bot_runs(self, chat_id: int) -> bool:
        """Whether the bot is an administrator of a group, as it must be to hear of reactions."""
        return await self.runs(chat_id, self._bot.id)

    def bot_changed(self, chat_id: int) -> None:
        """The bot's standing in a chat has changed."""
        self._known.pop((chat_id, self._bot.id), None)
