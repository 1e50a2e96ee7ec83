"""/settings: what the admins of a guild choose for it."""

from collections.abc import Callable, Iterable
from typing import Any

import discord
from discord import app_commands

from bot.communities import Audience, Communities, VoteStyle
from bot.core import Core
from bot.fronts.discord.visits import Desk, Visit
from bot.fronts.wording import LANGUAGE_NAMES, Wording
from bot.languages import ENGLISH, message
from finetune.moderation import Tier

__all__ = ["SettingsCommand"]

_EACH_OWN = "auto"
_MOST_JOKES = 1_000_000
_AUTOMATIC = app_commands.Choice(name=message("each member's own"), value=_EACH_OWN)

Interaction = discord.Interaction[Any]
_Jokes = app_commands.Range[int, 0, _MOST_JOKES]


class SettingsCommand:
    """Only for those who may manage the guild; Discord sees to that."""

    def __init__(self, *, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def command(self) -> app_commands.Command[Any, ..., Any]:
        """The command, in guilds only."""

        @app_commands.command(
            name=message("settings"), description=message("Choose how I am to be here")
        )
        @app_commands.guild_only()
        @app_commands.allowed_installs(guilds=True, users=False)
        @app_commands.default_permissions(manage_guild=True)
        @app_commands.rename(
            tier=message("jokes"),
            daily_jokes=message("daily"),
            who=message("who"),
            votes=message("votes"),
            language=message("language"),
            admin_channel=message("reports"),
        )
        @app_commands.describe(
            tier=message("How daring jokes may be"),
            daily_jokes=message("Jokes for one member in a day; 0 for no limit"),
            who=message("Who may ask for jokes"),
            votes=message("How members vote"),
            language=message("The language of everything but the jokes"),
            admin_channel=message("The channel that hears of offensive jokes"),
        )
        @app_commands.choices(
            tier=_tiers(self._core.communities),
            who=_audiences(),
            votes=_vote_styles(),
            language=self._languages(),
        )
        async def settings(
            interaction: Interaction,
            *,
            tier: str | None = None,
            daily_jokes: _Jokes | None = None,
            who: str | None = None,
            votes: str | None = None,
            language: str | None = None,
            admin_channel: discord.TextChannel | None = None,
        ) -> None:
            wanted = {
                "tier": tier and Tier(tier),
                "daily_jokes": daily_jokes,
                "audience": who and Audience(who),
                "vote_style": votes and VoteStyle(votes),
                "language": "" if language == _EACH_OWN else language,
                "admin_channel": admin_channel and str(admin_channel.id),
            }
            choices = {name: value for name, value in wanted.items() if value is not None}

            async def change(visit: Visit) -> None:
                await self._change(visit, choices, admin_channel)

            await self._desk.serve(interaction, change)

        return settings

    async def _change(
        self, visit: Visit, choices: dict[str, Any], channel: discord.TextChannel | None
    ) -> None:
        settings = visit.settings
        words = visit.words
        if choices:
            settings = await self._core.communities.change(visit.community, **choices)
            words = self._core.languages.of(settings.language, str(visit.interaction.locale))
        lines = Wording(words=words).settings(settings)
        if settings.tier is Tier.ADULT:
            lines.append(
                words.say("Jokes for adults are told only in channels marked as age-restricted.")
            )
        if settings.admin_channel:
            place = f"<#{settings.admin_channel}>"
            lines.append(words.say("Reports go to: {place}", place=place))
        if channel is not None and not _may_write(channel):
            lines.append(words.say("I may not write there yet; please allow me to."))
        await visit.reply.show("\n".join(lines))

    def _languages(self) -> list[app_commands.Choice[str]]:
        names = [
            app_commands.Choice(name=LANGUAGE_NAMES.get(code, code), value=code)
            for code in self._core.languages.codes
        ]
        return [_AUTOMATIC, *names]


def _may_write(channel: discord.TextChannel) -> bool:
    permissions = channel.permissions_for(channel.guild.me)
    return permissions.view_channel and permissions.send_messages


def _tiers(communities: Communities) -> list[app_commands.Choice[str]]:
    """Those that the owner of the bot allows."""
    return _choices(Wording(words=ENGLISH).tier, communities.tiers)


def _audiences() -> list[app_commands.Choice[str]]:
    return _choices(Wording(words=ENGLISH).audience, Audience)


def _vote_styles() -> list[app_commands.Choice[str]]:
    return _choices(Wording(words=ENGLISH).vote_style, VoteStyle)


def _choices(name: Callable[[Any], str], values: Iterable[Any]) -> list[app_commands.Choice[str]]:
    """With English names: they are put into each language when the commands are registered."""
    return [app_commands.Choice(name=name(value), value=str(value)) for value in values]
