"""The connection to Discord: a client that hears of little and forgets most of it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.fronts.discord.buttons import PersistentButton, data_of, is_known

__all__ = ["PunchlineClient", "Wiring", "new_client"]

_log = logging.getLogger("punchline.discord")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """Where events go. `prepare` is awaited once, between logging in and connecting."""

    prepare: Callable[[], Awaitable[None]]
    let_in: Callable[[], None]
    pressed: Callable[[discord.Interaction[Any]], Awaitable[None]]
    reaction: Callable[[discord.RawReactionActionEvent], Awaitable[None]]


class _Wired:
    """Passes events on; `wiring` and `tree` are set before the client logs in."""

    wiring: Wiring
    tree: app_commands.CommandTree[Any]

    async def setup_hook(self) -> None:
        await self.wiring.prepare()

    async def on_connect(self) -> None:
        _log.info("Connected to Discord.")
        self.wiring.let_in()

    async def on_resumed(self) -> None:
        _log.info("Connected to Discord again.")

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        await self.wiring.reaction(event)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        await self.wiring.reaction(event)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        # A button that the library knows comes by itself; without this, one that it does not
        # know would be answered by nobody.
        pressed = interaction.type is discord.InteractionType.component
        if pressed and not is_known(data_of(interaction)):
            await self.wiring.pressed(interaction)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        _log.info("The bot is no longer in guild %d.", guild.id)


class _SingleClient(_Wired, discord.Client):
    """One connection."""


class _ShardedClient(_Wired, discord.AutoShardedClient):
    """As many connections as Discord advises, or those of this process."""


PunchlineClient = _SingleClient | _ShardedClient


def new_client(
    *,
    sharded: bool,
    presence: str | None,
    shard_ids: Sequence[int] = (),
    shard_count: int = 0,
) -> PunchlineClient:
    """A client that is not connected; `presence` is shown under the bot's name.

    With `shard_ids` it has only those of the `shard_count` connections that all processes have.
    """
    options: dict[str, Any] = {
        # Neither the text of messages nor lists of members: nothing that needs a permit.
        "intents": discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True),
        "activity": discord.CustomActivity(name=presence) if presence else None,
        "allowed_mentions": discord.AllowedMentions.none(),
        "member_cache_flags": discord.MemberCacheFlags.none(),
        "max_messages": None,
    }
    if shard_count:
        options["shard_count"] = shard_count
    if shard_ids:
        options["shard_ids"] = list(shard_ids)
    kind = _ShardedClient if sharded or shard_count else _SingleClient
    client = kind(**options)
    client.add_dynamic_items(PersistentButton)
    return client
