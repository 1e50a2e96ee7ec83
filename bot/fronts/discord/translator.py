"""Names and descriptions of commands, from the same catalogues as everything else."""

import re
from typing import Any

import discord
from discord import app_commands

from bot.languages import ENGLISH, Languages

__all__ = ["CommandTranslator"]

_NAME = re.compile(r"[-_\w]{1,32}")
_LONGEST_TEXT = 100
_NAMES = (
    app_commands.TranslationContextLocation.command_name,
    app_commands.TranslationContextLocation.parameter_name,
)


class CommandTranslator(app_commands.Translator):
    """What cannot be a name in Discord stays English."""

    def __init__(self, *, languages: Languages) -> None:
        self._languages = languages

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContext[Any, Any],
    ) -> str | None:
        text = self.text(string.message, locale.value)
        if context.location in _NAMES and not is_name(text):
            return None
        return text if text != string.message and len(text) <= _LONGEST_TEXT else None

    def name(self, english: str, locale: str) -> str:
        """What a command is called in a member's client."""
        name = self.text(english, locale)
        return name if is_name(name) else english

    def text(self, english: str, locale: str) -> str:
        """A text for a locale such as es-419; English where there is no catalogue."""
        words = self._languages.of(locale)
        return english if words is ENGLISH else words.say(english)


def is_name(text: str) -> bool:
    """Whether a command or an option may be called that. Source:
    https://discord.com/developers/docs/interactions/application-commands
    """
    return bool(_NAME.fullmatch(text)) and text == text.lower()
