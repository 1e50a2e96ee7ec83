"""Where in Telegram an answer belongs."""

import json
from dataclasses import asdict, dataclass
from typing import Self

__all__ = ["Spot", "described"]


def described(place: int | str) -> str:
    """A chat as the log calls it: the id of a private chat is that of a person, and left out."""
    return f"chat {place}" if str(place).startswith("-") else "a private chat"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A chat, the topic of a forum or None, and the message to reply to or None."""

    chat_id: int
    thread: int | None = None
    reply_to: int | None = None

    @property
    def private(self) -> bool:
        """Whether it is a chat with one person: only those have positive ids."""
        return self.chat_id > 0

    def address(self, *, language: str) -> str:
        """What finds the spot, and the language spoken there, after a restart."""
        return json.dumps({**asdict(self), "language": language})

    @classmethod
    def of_address(cls, address: str) -> tuple[Self, str]:
        """The spot and the language of an address."""
        kept = json.loads(address)
        language = kept.pop("language")
        return cls(**kept), language
