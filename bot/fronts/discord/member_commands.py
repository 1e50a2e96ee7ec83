"""The commands of everybody: /joke, /top, /stats, /forget, /help."""

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from bot.core import Core
from bot.fronts.commands import Period
from bot.fronts.discord.escaping import LONGEST_MESSAGE, escaped, excerpt
from bot.fronts.discord.forgetting import Forgetting
from bot.fronts.discord.places import FRONT, Places, is_adult_place
from bot.fronts.discord.replies import Manner
from bot.fronts.discord.telling import Telling
from bot.fronts.discord.visits import Desk, Visit
from bot.fronts.wording import TOP_LIMIT, since
from bot.languages import message

__all__ = ["MemberCommands"]

_MOST_CHOICES = 25
_LONGEST_CHOICE = 100
_LONGEST_LINE = 170
_PERIODS = [
    app_commands.Choice(name=message("day"), value=str(Period.DAY)),
    app_commands.Choice(name=message("week"), value=str(Period.WEEK)),
    app_commands.Choice(name=message("all"), value=str(Period.ALL)),
]

Interaction = discord.Interaction[Any]
Command = app_commands.Command[Any, ..., Any]


class MemberCommands:
    """`help_lines` says what a member may type, one line a command."""

    def __init__(
        self,
        *,
        core: Core,
        desk: Desk,
        places: Places,
        telling: Telling,
        forgetting: Forgetting,
        help_lines: Callable[[Visit], list[str]],
    ) -> None:
        self._core = core
        self._desk = desk
        self._places = places
        self._telling = telling
        self._forgetting = forgetting
        self._help_lines = help_lines

    def commands(self) -> list[Command]:
        """All of them; members may install them for themselves and use them anywhere."""
        commands = [self._joke(), self._top(), self._stats(), self._forget(), self._help()]
        for command in commands:
            app_commands.allowed_installs(guilds=True, users=True)(command)
            app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(command)
        return commands

    def _joke(self) -> Command:
        @app_commands.command(name=message("joke"), description=message("Tell a joke"))
        @app_commands.rename(about=message("about"), opening=message("opening"))
        @app_commands.describe(
            about=message("What it is to be about"),
            opening=message("How it is to begin"),
        )
        async def joke(
            interaction: Interaction, about: str | None = None, opening: str | None = None
        ) -> None:
            async def tell(visit: Visit) -> None:
                await self._telling.tell(visit, about=about, opening=opening)

            await self._desk.serve(interaction, tell, manner=Manner.PUBLIC)

        @joke.autocomplete("about")
        async def topics(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return await self._topics(interaction, typed)

        return joke

    async def _topics(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        # Nobody needs suggestions so much that they may fail.
        try:
            topics = await self._core.jokes.topics(
                self._places.community(interaction),
                beginning=typed,
                limit=_MOST_CHOICES,
                adult_place=is_adult_place(interaction.channel),
            )
        except Exception:
            return []
        return [
            app_commands.Choice(name=topic, value=topic)
            for topic in topics
            if len(topic) <= _LONGEST_CHOICE
        ]

    def _top(self) -> Command:
        @app_commands.command(name=message("top"), description=message("The best jokes told here"))
        @app_commands.rename(period=message("period"))
        @app_commands.describe(period=message("How far back to look"))
        @app_commands.choices(period=_PERIODS)
        async def top(interaction: Interaction, period: str | None = None) -> None:
            async def show(visit: Visit) -> None:
                await self._show_top(visit, Period(period or Period.ALL))

            await self._desk.serve(interaction, show)

        return top

    async def _show_top(self, visit: Visit, period: Period) -> None:
        wording = visit.wording
        jokes = await self._core.jokes.top(visit.community, since=since(period), limit=TOP_LIMIT)
        lines = [f"**{wording.top_title(period)}**"]
        lines += [
            f"{place}\\. {wording.ranked(joke)} · {excerpt(joke.text, _LONGEST_LINE)}"
            for place, joke in enumerate(jokes, start=1)
        ]
        await visit.reply.show("\n".join(lines) if jokes else wording.nothing_on_top())

    def _stats(self) -> Command:
        @app_commands.command(
            name=message("stats"), description=message("How much was told and voted here")
        )
        async def stats(interaction: Interaction) -> None:
            await self._desk.serve(interaction, self._show_stats)

        return stats

    async def _show_stats(self, visit: Visit) -> None:
        stats = await self._core.jokes.stats(visit.community, visit.member)
        helped = await self._core.learner.helped(FRONT, visit.member)
        lines = [*visit.wording.stats(stats), *map(escaped, visit.wording.helped(helped))]
        await visit.reply.show("\n".join(lines))

    def _forget(self) -> Command:
        @app_commands.command(
            name=message("forget"),
            description=message("Erase your votes and unlink your jokes"),
        )
        async def forget(interaction: Interaction) -> None:
            await self._desk.serve(interaction, self._forgetting.ask)

        return forget

    def _help(self) -> Command:
        @app_commands.command(name=message("help"), description=message("What I can do"))
        async def show_help(interaction: Interaction) -> None:
            await self._desk.serve(interaction, self._show_help)

        return show_help

    async def _show_help(self, visit: Visit) -> None:
        lines = [
            *self._help_lines(visit),
            visit.words.say("Vote with 👍 and 👎; 🚩 tells that a joke is offensive."),
        ]
        await visit.reply.show("\n".join(lines)[:LONGEST_MESSAGE])
