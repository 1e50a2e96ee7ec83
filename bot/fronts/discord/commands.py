"""The whole command tree."""

import logging
from typing import Any

import discord
from discord import app_commands

from bot.fronts.discord.administration import Administration
from bot.fronts.discord.outages import describe
from bot.fronts.discord.translator import CommandTranslator
from bot.fronts.discord.visits import Desk, Visit

__all__ = ["Tree", "help_lines"]

_log = logging.getLogger("punchline.discord")


class Tree(app_commands.CommandTree[Any]):
    """Answers also those whose client still shows commands that have changed."""

    def __init__(self, *, client: discord.Client, desk: Desk) -> None:
        super().__init__(client)
        self._desk = desk

    async def on_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
    ) -> None:
        mistake = isinstance(error, app_commands.CommandInvokeError)
        _log.warning("A command failed: %s", describe(error), exc_info=mistake)
        if interaction.type is discord.InteractionType.application_command:
            await self._desk.apologise(interaction)


def help_lines(
    tree: app_commands.CommandTree[Any],
    visit: Visit,
    *,
    translator: CommandTranslator,
    administration: Administration,
) -> list[str]:
    """One line for each command that a member may use, in the member's words."""
    locale = str(visit.interaction.locale)
    own = {command.name for command in administration.commands()}
    lines = []
    for command in tree.get_commands(type=discord.AppCommandType.chat_input):
        if command.name in own and not administration.is_admin(visit.member):
            continue
        if command.guild_only and visit.interaction.guild_id is None:
            continue
        name = translator.name(command.name, locale)
        lines.append(f"`/{name}` – {visit.words.say(command.description)}")
    return lines
