"""People on Discord, and the bot among them."""

from dataclasses import dataclass, field

from tests.platforms.discord.permissions import EVERYBODY, Permission
from tests.platforms.discord.rules import Payload

__all__ = ["Member"]

JOINED = "2024-01-01T00:00:00.000000+00:00"


@dataclass(eq=False, kw_only=True, slots=True)
class Member:
    """A person or a bot; `permissions` are what it may do beyond everybody else, anywhere.

    `locale` is the language of its client. `blocks_bot` members take no direct messages.
    """

    id: int
    name: str
    bot: bool = False
    permissions: int = 0
    locale: str = "en-US"
    blocks_bot: bool = False
    roles: list[int] = field(default_factory=list)

    @property
    def mention(self) -> str:
        """What pings this member."""
        return f"<@{self.id}>"

    def allowed(self) -> int:
        """Everything this member may do."""
        if self.permissions & Permission.ADMINISTRATOR:
            return int(Permission.ALL)
        return int(self.permissions | EVERYBODY)

    def user(self) -> Payload:
        """The user object."""
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }

    def payload(self) -> Payload:
        """The member object of a guild."""
        return {
            "user": self.user(),
            "nick": None,
            "avatar": None,
            "roles": [str(role) for role in self.roles],
            "joined_at": JOINED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": None,
        }
