"""A local server that speaks the Telegram Bot API, as strict as the real one."""

from tests.platforms.telegram.limits import FloodLimits
from tests.platforms.telegram.messages import InlineMessage, Message
from tests.platforms.telegram.questions import InlineQuery, Press
from tests.platforms.telegram.server import TelegramServer
from tests.platforms.telegram.users import User
from tests.platforms.telegram.world import Chat

__all__ = [
    "Chat",
    "FloodLimits",
    "InlineMessage",
    "InlineQuery",
    "Message",
    "Press",
    "TelegramServer",
    "User",
]
