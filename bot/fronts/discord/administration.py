"""The commands of the bot's own admins: /retrain, /models, /rollback, /pause."""

from collections.abc import Collection
from typing import Any

import discord
from discord import app_commands

from bot.core import Core
from bot.fronts.deciding import refused_sentence
from bot.fronts.discord.escaping import escaped
from bot.fronts.discord.replies import Manner
from bot.fronts.discord.schooling import Schooling
from bot.fronts.discord.visits import Desk, Visit, Work
from bot.languages import message
from bot.learning import LearningRefused

__all__ = ["Administration"]

_ON = "on"
_CANCEL = "cancel"

Interaction = discord.Interaction[Any]
Command = app_commands.Command[Any, ..., Any]


class Administration:
    """`admins` are the ids of the users who may."""

    def __init__(
        self, *, core: Core, desk: Desk, schooling: Schooling, admins: Collection[str]
    ) -> None:
        self._core = core
        self._desk = desk
        self._schooling = schooling
        self._admins = admins

    def is_admin(self, member: str) -> bool:
        """Whether a user may use these commands."""
        return member in self._admins

    def commands(self) -> list[Command]:
        """All of them; Discord cannot hide them from single users, so most are kept from seeing
        them in guilds, and anybody else is refused.
        """
        commands = [self._retrain(), self._models(), self._rollback(), self._pause()]
        for command in commands:
            app_commands.allowed_installs(guilds=True, users=False)(command)
            app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)(command)
            app_commands.default_permissions(manage_guild=True)(command)
        return commands

    def _retrain(self) -> Command:
        @app_commands.command(
            name=message("retrain"), description=message("Let me learn from the votes")
        )
        @app_commands.rename(action=message("action"))
        @app_commands.describe(action=message("By default I begin, or show how far I am"))
        @app_commands.choices(
            action=[app_commands.Choice(name=message("cancel"), value=_CANCEL)],
        )
        async def retrain(interaction: Interaction, action: str | None = None) -> None:
            if action == _CANCEL:
                await self._serve(interaction, self._schooling.cancel)
            else:
                # Only messages for all to see can be changed for longer than some minutes.
                await self._serve(interaction, self._schooling.retrain, manner=Manner.PUBLIC)

        return retrain

    def _models(self) -> Command:
        @app_commands.command(
            name=message("models"), description=message("The versions of my sense of humour")
        )
        async def models(interaction: Interaction) -> None:
            await self._serve(interaction, self._schooling.models)

        return models

    def _rollback(self) -> Command:
        @app_commands.command(
            name=message("rollback"), description=message("Go back to an earlier version")
        )
        @app_commands.rename(version=message("version"))
        @app_commands.describe(version=message("Which one; by default the one before"))
        async def rollback(interaction: Interaction, version: str | None = None) -> None:
            async def work(visit: Visit) -> None:
                await self._schooling.roll_back(visit, version)

            await self._serve(interaction, work)

        return rollback

    def _pause(self) -> Command:
        @app_commands.command(
            name=message("pause"), description=message("Stop telling jokes, or go on")
        )
        @app_commands.rename(state=message("state"))
        @app_commands.describe(state=message("By default the other one than now"))
        @app_commands.choices(
            state=[
                app_commands.Choice(name=message("on"), value=_ON),
                app_commands.Choice(name=message("off"), value="off"),
            ]
        )
        async def pause(interaction: Interaction, state: str | None = None) -> None:
            async def work(visit: Visit) -> None:
                on = not self._core.pause.on if state is None else state == _ON
                await self._core.pause.set(on)
                await visit.reply.show(visit.wording.paused(on))

            await self._serve(interaction, work)

        return pause

    async def _serve(
        self, interaction: Interaction, work: Work, *, manner: Manner = Manner.PRIVATE
    ) -> None:
        async def if_admin(visit: Visit) -> None:
            if not self.is_admin(visit.member):
                await visit.reply.refuse(visit.wording.for_admins_of_the_bot())
                return
            try:
                await work(visit)
            except LearningRefused as refused:
                await visit.reply.refuse(escaped(refused_sentence(refused, visit.words)))

        if not self.is_admin(str(interaction.user.id)):
            manner = Manner.PRIVATE
        await self._desk.serve(interaction, if_admin, manner=manner)
