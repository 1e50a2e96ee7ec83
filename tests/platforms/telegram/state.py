"""All that the server remembers."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.platforms.telegram.limits import Flood
from tests.platforms.telegram.messages import Content, InlineMessage, Message
from tests.platforms.telegram.questions import InlineQuery, Press
from tests.platforms.telegram.updates import Updates
from tests.platforms.telegram.users import User
from tests.platforms.telegram.webhook import Webhook
from tests.platforms.telegram.world import Chat, World

__all__ = ["Options", "State"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How the bot is set up with BotFather, and how long its answers are waited for, in seconds.

    With `privacy_mode` it hears in groups only what is meant for it; with `inline_feedback` it
    learns which inline result was chosen.
    """

    privacy_mode: bool
    inline_mode: bool
    inline_feedback: bool
    callback_seconds: float
    inline_seconds: float


@dataclass(eq=False, kw_only=True)
class State:
    """The world, what is on its way to the bot, and what the bot has done.

    `commands` are by scope (`default`, `all_group_chats`, `chat:-100…`, `chat_member:-100…:5`, …)
    and language ("" for all), in order; `descriptions` by method (`setMyDescription`, …) and
    language.
    """

    options: Options
    world: World
    updates: Updates
    webhook: Webhook
    flood: Flood
    presses: dict[str, Press] = field(default_factory=dict)
    answered: list[Press] = field(default_factory=list)
    inline_queries: dict[str, InlineQuery] = field(default_factory=dict)
    inline_messages: dict[str, InlineMessage] = field(default_factory=dict)
    commands: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(4_000_000_000_000_001))

    @property
    def bot(self) -> User:
        """The bot itself."""
        return self.world.bot

    def next_id(self) -> str:
        """The id of the next query, inline message or file."""
        return str(next(self._ids))

    def add_message(
        self,
        chat: Chat,
        sender: User,
        *,
        content: Content | None = None,
        sender_chat: Chat | None = None,
        thread: int | None = None,
        reply_to: Message | None = None,
        raw: dict[str, object] | None = None,
        silent: bool = False,
    ) -> Message:
        """A new message in a chat, by anybody."""
        message = Message(
            id=chat.next_id(),
            chat=chat,
            sender=sender,
            sender_chat=sender_chat,
            date=self.world.now(),
            content=content or Content(),
            thread=thread,
            reply_to=reply_to,
            raw=raw or {},
            silent=silent,
        )
        chat.messages[message.id] = message
        return message
