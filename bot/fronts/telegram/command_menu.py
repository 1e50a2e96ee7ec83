"""The commands Telegram offers to members, in every language, for every kind of chat."""

import hashlib
import json
import logging
from collections.abc import Collection, Iterator

from telegram import (
    Bot,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.languages import ENGLISH, Languages, Words, message
from bot.store.record_port import Records

__all__ = ["ADMIN_COMMANDS", "COMMANDS", "SETTINGS", "CommandMenu", "help_lines"]

COMMANDS = {
    "joke": message("Tell a joke"),
    "cancel": message("Give up the joke you are waiting for"),
    "top": message("The best jokes told here"),
    "stats": message("How much was told and voted here"),
    "forget": message("Erase your votes and unlink your jokes"),
    "help": message("What I can do"),
}
SETTINGS = {"settings": message("Choose how I am to be here")}
ADMIN_COMMANDS = {
    "retrain": message("Let me learn from the votes"),
    "models": message("The versions of my sense of humour"),
    "rollback": message("Go back to an earlier version"),
    "pause": message("Stop telling jokes, or go on"),
}
_NOTE = "telegram.commands"

_log = logging.getLogger("punchline.telegram")


def help_lines(words: Words) -> list[str]:
    """/help."""
    return [
        words.say("I tell jokes and learn from your votes. This is what I know:"),
        *(f"/{name} – {words.say(text)}" for name, text in {**COMMANDS, **SETTINGS}.items()),
        words.say("Vote with 👍 and 👎; 🚩 tells that a joke is offensive."),
        words.say("For example: /joke cats, or /joke opening: Why did the cat"),
        words.say("Type my name and a topic in any chat, and I have a joke for it there."),
    ]


class CommandMenu:
    """Registers the commands, but only where they differ from what was registered last."""

    def __init__(
        self, *, bot: Bot, records: Records, languages: Languages, admins: Collection[str]
    ) -> None:
        self._bot = bot
        self._records = records
        self._languages = languages
        self._admins = admins

    async def register(self) -> None:
        """Raises `StoreUnavailable`; what Telegram does not take is logged."""
        lists = list(self._lists())
        plain = [(scope.to_json(), language, texts) for scope, language, texts in lists]
        described = json.dumps([self._bot.id, plain], sort_keys=True)
        mark = hashlib.sha256(described.encode()).hexdigest()
        if await self._records.note(_NOTE) == mark:
            return
        complete = True
        for scope, language, texts in lists:
            try:
                await self._bot.set_my_commands(
                    list(texts.items()), scope=scope, language_code=language
                )
            except (BadRequest, Forbidden) as error:
                # An admin who never wrote to the bot has no chat to show commands in.
                _log.info("Commands for %s are not registered: %s", scope.to_dict(), error)
            except TelegramError as error:
                complete = False
                _log.warning("Commands could not be registered: %s", error)
        if complete:
            await self._records.write_note(_NOTE, mark)

    def _lists(self) -> Iterator[tuple[BotCommandScope, str | None, dict[str, str]]]:
        scopes: list[tuple[BotCommandScope, dict[str, str]]] = [
            (BotCommandScopeDefault(), COMMANDS),
            (BotCommandScopeAllPrivateChats(), COMMANDS | SETTINGS),
            (BotCommandScopeAllGroupChats(), COMMANDS),
            (BotCommandScopeAllChatAdministrators(), COMMANDS | SETTINGS),
            *(
                (BotCommandScopeChat(int(admin)), COMMANDS | SETTINGS | ADMIN_COMMANDS)
                for admin in self._admins
            ),
        ]
        for scope, commands in scopes:
            for code in self._languages.codes:
                words = self._languages.of(code)
                # English is for everybody whose language Punchline does not speak.
                language = None if code == ENGLISH.code else code
                yield scope, language, {name: words.say(text) for name, text in commands.items()}
