"""Guilds and channels."""

from dataclasses import dataclass, field

from tests.platforms.discord.message import Message
from tests.platforms.discord.people import JOINED, Member
from tests.platforms.discord.permissions import EVERYBODY, USER_INSTALLED, Permission
from tests.platforms.discord.rules import Payload

__all__ = ["BOT_DM", "GUILD", "PRIVATE", "Channel", "Guild"]

GUILD, BOT_DM, PRIVATE = range(3)
"""The contexts an interaction can come from."""
_TYPES = {GUILD: 0, BOT_DM: 1, PRIVATE: 3}


@dataclass(eq=False, kw_only=True, slots=True)
class Guild:
    """A guild; `present` tells whether the bot is a member, `bot_role` what its role allows."""

    id: int
    name: str
    owner: Member
    locale: str
    bot_role: int
    bot_role_id: int
    member_count: int
    present: bool = True
    channels: "dict[int, Channel]" = field(default_factory=dict)

    def partial(self) -> Payload:
        """What an interaction says about a guild."""
        return {"id": str(self.id), "locale": self.locale, "features": []}

    def payload(self, bot: Member) -> Payload:
        """The guild as GUILD_CREATE describes it to a bot without privileged intents."""
        return {
            **self.partial(),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.owner.id),
            "preferred_locale": self.locale,
            "roles": [
                _role(self.id, "@everyone", int(EVERYBODY), position=0, managed=False),
                _role(self.bot_role_id, bot.name, self.bot_role, position=1, managed=True),
            ],
            "emojis": [],
            "stickers": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "afk_timeout": 300,
            "system_channel_flags": 0,
            "joined_at": JOINED,
            "large": False,
            "unavailable": False,
            "member_count": self.member_count,
            "members": [{**bot.payload(), "roles": [str(self.bot_role_id)]}],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


def _role(role: int, name: str, permissions: int, *, position: int, managed: bool) -> Payload:
    return {
        "id": str(role),
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "managed": managed,
        "mentionable": False,
        "flags": 0,
    }


@dataclass(eq=False, kw_only=True, slots=True)
class Channel:
    """A text channel of a guild, a direct message with the bot, or a talk between members.

    `denied` is what an overwrite takes from the bot here; `messages` are in order of time.
    """

    id: int
    name: str = ""
    guild: Guild | None = None
    context: int = GUILD
    nsfw: bool = False
    bot_id: int
    denied: int = 0
    recipients: tuple[Member, ...] = ()
    exists: bool = True
    messages: dict[int, Message] = field(default_factory=dict)

    def reachable(self) -> bool:
        """Whether the bot is where this channel is."""
        return self.context == BOT_DM or (self.guild is not None and self.guild.present)

    def bot_permissions(self) -> int:
        """What the bot may do here."""
        if self.guild is None:
            return int(EVERYBODY)
        if not self.guild.present:
            return int(USER_INSTALLED)
        if self.guild.bot_role & Permission.ADMINISTRATOR:
            return int(Permission.ALL)
        return int((self.guild.bot_role | EVERYBODY) & ~self.denied)

    def allows(self, permission: int) -> bool:
        """Whether the bot may do all of `permission` here."""
        return self.bot_permissions() & permission == permission

    def location(self) -> Payload:
        """The ids by which events name this channel."""
        where = {"channel_id": str(self.id)}
        return where if self.guild is None else {**where, "guild_id": str(self.guild.id)}

    def payload(self) -> Payload:
        """The channel object."""
        common: Payload = {
            "id": str(self.id),
            "type": _TYPES[self.context],
            "last_message_id": str(next(reversed(self.messages))) if self.messages else None,
            "flags": 0,
        }
        if self.guild is None:
            return {**common, "recipients": [member.user() for member in self.recipients]}
        return {
            **common,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "topic": None,
            "position": 0,
            "parent_id": None,
            "nsfw": self.nsfw,
            "rate_limit_per_user": 0,
            "permission_overwrites": self._overwrites(),
        }

    def _overwrites(self) -> list[Payload]:
        if not self.denied:
            return []
        return [{"id": str(self.bot_id), "type": 1, "allow": "0", "deny": str(int(self.denied))}]
