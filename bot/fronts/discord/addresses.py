"""Where a request can still be answered after a restart."""

import json
import time
from dataclasses import asdict, dataclass
from typing import Self

from bot.jokes import Community

__all__ = ["TOKEN_SECONDS", "Address"]

TOKEN_SECONDS = 14.5 * 60
"""How long an interaction is answered; its token lives for 15 minutes. Source:
https://discord.com/developers/docs/interactions/receiving-and-responding"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """One interaction: by its token its answer can be changed, so the token is a secret.

    `created` is in seconds since 1970, `language` a code of `bot.languages`. `can_react` says
    whether reactions are possible there, `missing` names the permissions that are not given.
    """

    application_id: int
    token: str
    community_key: str
    channel_id: int
    created: float
    language: str
    can_react: bool
    missing: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Address(channel_id={self.channel_id})"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `write` wrote; None for anything else."""
        try:
            fields = json.loads(text)
            return cls(**{**fields, "missing": tuple(fields["missing"])})
        except (ValueError, TypeError, KeyError):
            return None

    def write(self) -> str:
        """As one line of text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def community(self, front: str) -> Community:
        """Whose joke it is."""
        return Community(front=front, key=self.community_key)

    @property
    def until(self) -> float:
        """When the interaction is answered no more, in seconds since 1970."""
        return self.created + TOKEN_SECONDS

    @property
    def seconds_left(self) -> float:
        """How much longer the interaction is answered."""
        return self.until - time.time()
