"""Tells those in charge of missing permissions, hidden jokes and what the bot learned."""

import logging

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.communities import Communities
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.spots import Spot
from bot.fronts.telegram.texts import Script
from bot.fronts.wording import Wording
from bot.jokes import Community
from bot.languages import ENGLISH, Languages, message
from bot.store.port import ShownJoke
from bot.store.record_port import Records

__all__ = ["CANNOT_REACT", "CANNOT_SEND", "HEARS_NO_REACTIONS", "Reports"]

CANNOT_REACT = message(
    "I may not react with 👍 in {title}, so jokes have buttons there; allow that reaction, or "
    "choose buttons in /settings."
)
HEARS_NO_REACTIONS = message(
    "Jokes have buttons in {title}, because I only hear of reactions where I am an administrator."
)
CANNOT_SEND = message("I may not send messages in {title}; please allow that.")
_NAMES = {CANNOT_REACT: "react", HEARS_NO_REACTIONS: "administrator", CANNOT_SEND: "send"}

_log = logging.getLogger("punchline.telegram")


class Reports:
    """`admin_chat` is the id of the chat that hears of hidden jokes and of learning, or empty."""

    def __init__(
        self,
        *,
        bot: Bot,
        sender: Sender,
        communities: Communities,
        languages: Languages,
        records: Records,
        admin_chat: str,
    ) -> None:
        self._bot = bot
        self._sender = sender
        self._communities = communities
        self._languages = languages
        self._records = records
        self._admin_chat = admin_chat

    async def missing(self, chat_id: int, community: Community, what: str) -> None:
        """Tell a group's admins, once for all time, which of the sentences above holds there.

        Those who never started the bot cannot be told; with nobody left it is logged.
        """
        note = f"telegram.missing.{chat_id}.{_NAMES[what]}"
        if await self._records.note(note) is not None:
            return
        await self._records.write_note(note, "told")
        language = (await self._communities.settings(community)).language
        try:
            title = f"“{(await self._bot.get_chat(chat_id)).title}”"
            admins = [member.user for member in await self._bot.get_chat_administrators(chat_id)]
        except TelegramError:
            title, admins = f"chat {chat_id}", []
        told = False
        for admin in admins:
            words = self._languages.of(language, admin.language_code)
            if not admin.is_bot:
                told |= await self._told(admin.id, words.say(what, title=title))
        if not told:
            _log.warning("%s", ENGLISH.say(what, title=title))

    async def hidden(self, shown: ShownJoke) -> None:
        """Tell the admin chat that members found a joke offensive."""
        if self._admin_chat:
            wording = Wording(words=ENGLISH)
            await self._told(int(self._admin_chat), wording.hidden_report(shown.id, shown.text))

    async def news(self, text: Script, keyboard: InlineKeyboardMarkup | None) -> None:
        """Tell the admin chat how the bot learns."""
        if self._admin_chat:
            await self._told(int(self._admin_chat), text, keyboard=keyboard)

    async def _told(
        self, chat_id: int, text: str | Script, *, keyboard: InlineKeyboardMarkup | None = None
    ) -> bool:
        try:
            await self._sender.say(Spot(chat_id=chat_id), text, keyboard=keyboard)
        except (GoneError, UncertainError, TelegramError):
            return False
        return True
