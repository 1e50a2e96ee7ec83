"""Which room of the front-end hears of which update."""

from collections.abc import Awaitable, Callable
from typing import Any

from telegram import CallbackQuery, Message, Update
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    InlineQueryHandler,
    MessageHandler,
    MessageReactionHandler,
    TypeHandler,
    filters,
)

from bot.fronts.once import Once
from bot.fronts.telegram.application import TelegramApplication
from bot.tracing import about_request

__all__ = ["Handlers", "OnMessage", "OnPress", "OnUpdate"]

OnMessage = Callable[[Update, Message, str], Awaitable[None]]
"""Takes the message and what stands behind its command."""

OnPress = Callable[[Update, CallbackQuery, str], Awaitable[None]]
"""Takes the press and what the button carries."""

OnUpdate = Callable[[Update], Awaitable[None]]

_FIRST = -1


class Handlers:
    """Registers rooms with an application; each update is handled in a task of its own.

    So nobody's vote waits for somebody's joke; an update that comes twice is heard once.
    """

    def __init__(self, *, application: TelegramApplication, once: Once) -> None:
        self._application = application
        self._once = once
        application.add_handler(TypeHandler(Update, self._stop_repeated), group=_FIRST)

    def command(self, name: str, on_message: OnMessage) -> None:
        """A command, in any chat."""
        heard = filters.UpdateType.MESSAGE
        handler = CommandHandler(name, _message(on_message), filters=heard, block=False)
        self._application.add_handler(handler)

    def messages(self, kind: filters.BaseFilter, on_message: OnMessage) -> None:
        """Messages of a kind that no handler before has taken."""
        self._application.add_handler(MessageHandler(kind, _message(on_message), block=False))

    def press(self, word: str, on_press: OnPress) -> None:
        """Buttons whose data begins with a word and a colon, or all others if it is empty."""

        async def callback(update: Update, _: Any) -> None:
            query = update.callback_query
            if query is not None:
                with about_request():
                    await on_press(update, query, query.data or "")

        pattern = f"^{word}:" if word else None
        self._application.add_handler(CallbackQueryHandler(callback, pattern, block=False))

    def inline(self, on_update: OnUpdate) -> None:
        """Inline queries."""
        self._application.add_handler(InlineQueryHandler(_update(on_update), block=False))

    def reaction(self, on_update: OnUpdate) -> None:
        """Changed reactions."""
        kind = MessageReactionHandler.MESSAGE_REACTION_UPDATED
        handler = MessageReactionHandler(
            _update(on_update), message_reaction_types=kind, block=False
        )
        self._application.add_handler(handler)

    def standing(self, on_update: OnUpdate) -> None:
        """Changes of the bot's own standing in a chat."""
        kind = ChatMemberHandler.MY_CHAT_MEMBER
        self._application.add_handler(ChatMemberHandler(_update(on_update), kind, block=False))

    async def _stop_repeated(self, update: Update, _: Any) -> None:
        if not self._once.first(update.update_id):
            raise ApplicationHandlerStop


def _message(on_message: OnMessage) -> Callable[[Update, Any], Any]:
    async def callback(update: Update, _: Any) -> None:
        message = update.effective_message
        if message is None or _of_a_bot(message):
            return
        _, rest, *_ = [*(message.text or "").split(maxsplit=1), "", ""]
        with about_request():
            await on_message(update, message, rest)

    return callback


def _update(on_update: OnUpdate) -> Callable[[Update, Any], Any]:
    async def callback(update: Update, _: Any) -> None:
        with about_request():
            await on_update(update)

    return callback


def _of_a_bot(message: Message) -> bool:
    # Whoever speaks as a chat seems to be a bot of Telegram's own.
    return (
        message.sender_chat is None and message.from_user is not None and message.from_user.is_bot
    )
