"""What Telegram's refusals mean for a message."""

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, TelegramError

__all__ = ["GoneError", "UncertainError", "is_gone", "never_left", "unchanged"]

_GONE = (
    "chat not found",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "not enough rights to send",
    "have no rights to send",
    "chat_write_forbidden",
    "topic_closed",
    "group chat was deactivated",
    "user is deactivated",
    "user not found",
)


class GoneError(Exception):
    """Nobody can be reached there any more, in Telegram's words."""

    @property
    def silenced(self) -> bool:
        """Whether the bot is there and may not write."""
        return "rights to send" in str(self)


class UncertainError(Exception):
    """Nobody knows whether the message arrived."""


def is_gone(error: TelegramError) -> bool:
    """Whether the chat or the message is out of reach for good."""
    if isinstance(error, Forbidden | ChatMigrated):
        return True
    text = str(error).lower()
    return isinstance(error, BadRequest) and any(sign in text for sign in _GONE)


def unchanged(error: TelegramError) -> bool:
    """Whether a message shows already what it was to show."""
    return isinstance(error, BadRequest) and "not modified" in str(error).lower()


def never_left(error: NetworkError) -> bool:
    """Whether a request failed before any of it was sent, so that it may be sent again."""
    return isinstance(
        error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
    )
