"""Where something happens on Discord, and what the bot may do there."""

from typing import Any

import discord

from bot.jokes import Community
from bot.languages import Words, message
from bot.store.record_port import Records

__all__ = ["FRONT", "Places", "is_adult_place", "permission_name"]

FRONT = "discord"
"""The `front` of all communities here."""

_DIRECT = "dm:"
_TALK = "talk:"
_TO_REACT = ("view_channel", "read_message_history", "add_reactions")
_NAMES = {
    "view_channel": message("View Channel"),
    "read_message_history": message("Read Message History"),
    "add_reactions": message("Add Reactions"),
    "send_messages": message("Send Messages"),
}


def permission_name(permission: str, words: Words) -> str:
    """A permission as Discord's settings call it."""
    return words.say(_NAMES[permission])


def is_adult_place(channel: object) -> bool:
    """Whether Discord marks a channel as age-restricted; direct messages never are."""
    return isinstance(channel, discord.abc.GuildChannel | discord.Thread) and bool(
        getattr(channel, "is_nsfw", bool)()
    )


class Places:
    """Knows communities, and from the client's cache what is allowed in them."""

    def __init__(self, *, client: discord.Client, records: Records) -> None:
        self._client = client
        self._records = records

    def community(self, interaction: discord.Interaction[Any]) -> Community:
        """The guild, a member's direct messages, or a talk of members without the bot."""
        if interaction.guild_id is not None:
            return Community(front=FRONT, key=str(interaction.guild_id))
        if interaction.context.private_channel:
            alias = self._records.pseudonym(FRONT, str(interaction.channel_id))
            return Community(front=FRONT, key=f"{_TALK}{alias}")
        alias = self._records.pseudonym(FRONT, str(interaction.user.id))
        return Community(front=FRONT, key=f"{_DIRECT}{alias}")

    def guild(self, community: Community) -> discord.Guild | None:
        """The guild, if it is one the bot is a member of."""
        return self._client.get_guild(int(community.key)) if community.key.isdecimal() else None

    def can_react(self, interaction: discord.Interaction[Any]) -> bool:
        """Whether reactions are possible at all, be they permitted or not."""
        if interaction.guild_id is None:
            return interaction.context.dm_channel
        return self._client.get_guild(interaction.guild_id) is not None

    @staticmethod
    def missing(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
        """The permissions for reacting that the bot does not have there."""
        if interaction.guild_id is None:
            return ()
        permissions = interaction.app_permissions
        return tuple(name for name in _TO_REACT if not getattr(permissions, name))

    def may_react(self, community: Community, channel_id: int) -> bool:
        """Whether the bot may react in a channel, as far as it knows."""
        permissions = self._permissions(community, channel_id)
        return permissions is not None and all(getattr(permissions, name) for name in _TO_REACT)

    def may_see(self, community: Community, channel_id: int) -> bool:
        """Whether it is worth trying to change a message in a channel in the bot's own name."""
        guild = self.guild(community)
        if guild is None:
            return community.key.startswith(_DIRECT)
        permissions = self._permissions(community, channel_id)
        return permissions is None or permissions.view_channel

    def _permissions(self, community: Community, channel_id: int) -> discord.Permissions | None:
        if community.key.startswith(_DIRECT):
            return discord.Permissions.all()
        guild = self.guild(community)
        # A thread is unknown once it is archived.
        channel = guild.get_channel_or_thread(channel_id) if guild else None
        if guild is None or channel is None or guild.me is None:
            return None
        return channel.permissions_for(guild.me)
