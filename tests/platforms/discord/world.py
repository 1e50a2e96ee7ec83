"""Everything there is: guilds, channels, members, messages and interactions."""

import itertools
import secrets
import time
from typing import Any

from tests.platforms.discord.commands import Commands
from tests.platforms.discord.drafts import Draft
from tests.platforms.discord.interaction import Interaction, Kind
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.permissions import INVITED_BOT, Permission
from tests.platforms.discord.places import BOT_DM, PRIVATE, Channel, Guild
from tests.platforms.discord.rules import Payload
from tests.platforms.discord.snowflakes import Snowflakes

__all__ = ["World"]


class World:
    """Holds what there is by id; nothing here speaks with the bot."""

    def __init__(self) -> None:
        self.snowflakes = Snowflakes()
        self.application_id = self.snowflakes.old(900)
        self.bot = Member(id=self.application_id, name="punchline", bot=True)
        self.commands = Commands(application_id=self.application_id, snowflakes=self.snowflakes)
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.members: dict[int, Member] = {}
        self.messages: dict[int, Message] = {}
        self.interactions: dict[int, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}
        self._direct: dict[int, Channel] = {}
        self._numbers = itertools.count(1)

    @staticmethod
    def now() -> float:
        """The server's clock, in seconds."""
        return time.monotonic()

    def application(self) -> Payload:
        """The application as its owner sees it."""
        return {
            "id": str(self.application_id),
            "name": self.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "bot": self.bot.user(),
            "owner": Member(id=self.application_id - 1, name="owner").user(),
            "verify_key": "0" * 64,
            "flags": 0,
            "team": None,
            "integration_types_config": {"0": {}, "1": {}},
        }

    def add_member(
        self, name: str | None, *, permissions: int, administrator: bool, **details: Any
    ) -> Member:
        """A person, or a bot."""
        allowed = permissions | (Permission.ADMINISTRATOR if administrator else 0)
        number = next(self._numbers)
        member = Member(
            id=self.snowflakes.old(500),
            name=name or f"member{number}",
            permissions=int(allowed),
            **details,
        )
        self.members[member.id] = member
        return member

    def add_guild(
        self,
        name: str | None,
        *,
        locale: str,
        present: bool,
        bot_permissions: int | None,
        member_count: int,
    ) -> Guild:
        """A guild, with a founder of its own."""
        guild = Guild(
            id=self.snowflakes.old(400),
            name=name or f"guild{next(self._numbers)}",
            owner=self.add_member(None, permissions=0, administrator=True),
            locale=locale,
            bot_role=int(INVITED_BOT if bot_permissions is None else bot_permissions),
            bot_role_id=self.snowflakes.old(399),
            member_count=member_count,
            present=present,
        )
        self.guilds[guild.id] = guild
        return guild

    def add_channel(self, guild: Guild, name: str | None, *, nsfw: bool) -> Channel:
        """A text channel of a guild."""
        channel = self._channel(
            guild=guild, name=name or f"channel{next(self._numbers)}", nsfw=nsfw
        )
        guild.channels[channel.id] = channel
        return channel

    def direct(self, member: Member) -> Channel:
        """The one channel in which a member and the bot talk."""
        if member.id not in self._direct:
            self._direct[member.id] = self._channel(context=BOT_DM, recipients=(member,))
        return self._direct[member.id]

    def add_private(self, members: tuple[Member, ...]) -> Channel:
        """A talk between members, where the bot is not."""
        return self._channel(context=PRIVATE, recipients=members)

    def add_message(
        self, channel: Channel, author: Member, draft: Draft, **details: Any
    ) -> Message:
        """A message in a channel."""
        message = Message(
            id=self.snowflakes.now(),
            channel=channel,
            author=author,
            draft=draft,
            at=self.now(),
            **details,
        )
        self.messages[message.id] = message
        channel.messages[message.id] = message
        return message

    def delete_message(self, message: Message) -> None:
        """Remove a message."""
        message.deleted = True
        self.messages.pop(message.id, None)
        message.channel.messages.pop(message.id, None)

    def delete_channel(self, channel: Channel) -> None:
        """Remove a channel with all it holds."""
        channel.exists = False
        for message in list(channel.messages.values()):
            self.delete_message(message)
        self.channels.pop(channel.id, None)
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id, None)

    def add_interaction(
        self,
        kind: Kind,
        member: Member,
        channel: Channel,
        payload: Payload,
        *,
        interaction_id: int | None,
        source: Message | None,
    ) -> Interaction:
        """An interaction, with the token by which the bot answers it."""
        number = self.snowflakes.now() if interaction_id is None else interaction_id
        interaction = Interaction(
            id=number,
            token=secrets.token_urlsafe(48),
            kind=kind,
            member=member,
            channel=channel,
            payload=payload,
            at=self.now(),
            source=source,
        )
        payload |= {"id": str(number), "token": interaction.token}
        self.interactions[number] = interaction
        self.tokens[interaction.token] = interaction
        return interaction

    def _channel(self, **details: Any) -> Channel:
        channel = Channel(id=self.snowflakes.old(300), bot_id=self.bot.id, **details)
        self.channels[channel.id] = channel
        return channel
