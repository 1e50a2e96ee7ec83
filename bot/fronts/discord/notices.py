"""What the people in charge are told: hidden jokes, missing permissions, news of learning."""

import logging
from collections.abc import Sequence

import discord

from bot.core import Core
from bot.fronts.discord.escaping import LONGEST_MESSAGE, excerpt
from bot.fronts.discord.faces import Face
from bot.fronts.discord.outages import OUTAGES, describe
from bot.fronts.discord.places import Places, permission_name
from bot.fronts.once import Once
from bot.fronts.wording import Wording
from bot.jokes import Community
from bot.languages import Words
from bot.store.port import ShownJoke

__all__ = ["Notices"]

_ROOM_FOR_THE_SENTENCE = 200

_log = logging.getLogger("punchline.discord")


class Notices:
    """`admin_channel` is the id of the channel of the bot's own admins, or empty."""

    def __init__(
        self, *, client: discord.Client, core: Core, places: Places, admin_channel: str
    ) -> None:
        self._client = client
        self._core = core
        self._places = places
        self._admin_channel = admin_channel
        self._said = Once()

    async def hidden(self, shown: ShownJoke, words: Words) -> None:
        """Tell of a joke that members found offensive."""
        settings = await self._core.communities.settings(shown.community)
        text = excerpt(shown.text, LONGEST_MESSAGE - _ROOM_FOR_THE_SENTENCE)
        report = Wording(words=words).hidden_report(shown.id, text)
        channels = {self._admin_channel, settings.admin_channel} - {""}
        if not channels:
            _log.warning("Joke %d is hidden, and no admin channel is set.", shown.id)
        for channel in channels:
            await self._send(channel, report)

    async def admins(self, face: Face) -> None:
        """Tell the bot's own admins something, if they have a channel."""
        if self._admin_channel:
            await self._send(self._admin_channel, face.content, view=face.view)

    async def missing(
        self, community: Community, channel_id: int, permissions: Sequence[str]
    ) -> None:
        """Tell a guild's admins which permissions the bot would need, once each."""
        guild = self._places.guild(community)
        new = [name for name in permissions if await self._first(community, name)]
        if guild is None or not new:
            return
        settings = await self._core.communities.settings(community)
        words = self._core.languages.of(settings.language, str(guild.preferred_locale))
        notice = words.say(
            "I cannot add reactions in {channel}, so members vote with buttons there. "
            "What I lack: {permissions}.",
            channel=f"<#{channel_id}>",
            permissions=", ".join(permission_name(name, words) for name in new),
        )
        told = settings.admin_channel and await self._send(settings.admin_channel, notice)
        if not told and not await self._tell_owner(guild, notice):
            _log.warning("In guild %d the bot lacks: %s.", guild.id, ", ".join(new))

    async def _first(self, community: Community, permission: str) -> bool:
        note = f"discord.missing.{community.key}.{permission}"
        if await self._core.records.note(note) is not None:
            return False
        await self._core.records.write_note(note, "told")
        return True

    async def _tell_owner(self, guild: discord.Guild, notice: str) -> bool:
        if guild.owner_id is None:
            return False
        try:
            direct = await self._client.create_dm(discord.Object(guild.owner_id))
            await direct.send(f"{excerpt(guild.name, 100)}: {notice}")
        except (*OUTAGES, discord.HTTPException) as error:
            _log.info("The owner of a guild cannot be told: %s", describe(error))
            return False
        return True

    async def _send(self, channel: str, text: str, *, view: discord.ui.View | None = None) -> bool:
        place = self._client.get_partial_messageable(int(channel))
        try:
            await (place.send(text, view=view) if view else place.send(text))
        except (*OUTAGES, discord.HTTPException) as error:
            if self._said.first(channel):
                _log.warning("Channel %s cannot be told: %s", channel, describe(error))
            return False
        return True
