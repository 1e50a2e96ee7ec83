"""What becomes of chats: the bot is let in, thrown out or promoted, and groups grow."""

import logging

from telegram import Message, Update
from telegram.constants import ChatMemberStatus

from bot.communities import Communities
from bot.fronts.once import Once
from bot.fronts.telegram.members import Members
from bot.fronts.telegram.presentation import Presentation
from bot.fronts.telegram.sender import TELEGRAM
from bot.fronts.telegram.spots import described
from bot.jokes import Community

__all__ = ["Chats"]

_OUT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

_log = logging.getLogger("punchline.telegram")


class Chats:
    """Keeps up with changes of chats."""

    def __init__(self, *, communities: Communities, once: Once) -> None:
        self._communities = communities
        self._once = once

    async def migrate(self, update: Update, message: Message, rest: str) -> None:
        """A group has become a supergroup, as its last message says."""
        if message.migrate_to_chat_id is not None:
            await self.moved(message.chat.id, message.migrate_to_chat_id)

    async def moved(self, old: int, new: int) -> None:
        """Let the supergroup have what was the group's. Raises `StoreUnavailable`."""
        await self._communities.move(
            Community(front=TELEGRAM, key=str(old)), Community(front=TELEGRAM, key=str(new))
        )

    def standing(self, update: Update, *, members: Members, presentation: Presentation) -> None:
        """The bot's own standing in a chat has changed."""
        changed = update.my_chat_member
        if changed is None:
            return
        members.bot_changed(changed.chat.id)
        presentation.rights_changed(str(changed.chat.id))
        status = changed.new_chat_member.status
        if status in _OUT and self._once.first(("out", changed.chat.id)):
            _log.info("The bot is out of %s now.", described(changed.chat.id))
