"""editMessageText, editMessageCaption, editMessageReplyMarkup, deleteMessage, reactions."""

from dataclasses import replace

from tests.platforms.telegram.access import editable, message_in, reached_chat, require_right
from tests.platforms.telegram.keyboards import inline_keyboard
from tests.platforms.telegram.messages import Content, InlineMessage, Message
from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.reactions import bot_reactions
from tests.platforms.telegram.refusals import bad_request
from tests.platforms.telegram.state import State
from tests.platforms.telegram.texts import caption, message_text, notified

__all__ = [
    "delete_message",
    "edit_message_caption",
    "edit_message_reply_markup",
    "edit_message_text",
    "set_message_reaction",
]

_DELETABLE_SECONDS = 48 * 3600


async def edit_message_text(state: State, parameters: Parameters) -> Json | bool:
    """Another text; without a keyboard in the request the message loses its own."""
    formatted = message_text(state, parameters, too_long="MESSAGE_TOO_LONG")
    keyboard = inline_keyboard(parameters.record("reply_markup"))
    target = editable(state, parameters)
    if target.media is not None:
        raise bad_request("there is no text in the message to edit")
    return _edit(state, target, Content(formatted=formatted, keyboard=keyboard))


async def edit_message_caption(state: State, parameters: Parameters) -> Json | bool:
    """Another caption; without a keyboard in the request the message loses its own."""
    formatted = caption(state, parameters)
    keyboard = inline_keyboard(parameters.record("reply_markup"))
    target = editable(state, parameters)
    if target.media is None:
        raise bad_request("there is no caption in the message to edit")
    return _edit(state, target, replace(target.content, formatted=formatted, keyboard=keyboard))


async def edit_message_reply_markup(state: State, parameters: Parameters) -> Json | bool:
    """Another keyboard, or none."""
    keyboard = inline_keyboard(parameters.record("reply_markup"))
    target = editable(state, parameters)
    return _edit(state, target, replace(target.content, keyboard=keyboard))


async def delete_message(state: State, parameters: Parameters) -> bool:
    """Take a message away."""
    chat = reached_chat(state, parameters.text("chat_id"))
    message = message_in(chat, parameters, "delete")
    own = message.sender == state.bot
    young = state.world.now() - message.date < _DELETABLE_SECONDS
    if not (chat.bot_is_admin or (young and (own or chat.private))):
        raise bad_request("message can't be deleted")
    message.deleted = True
    return True


async def set_message_reaction(state: State, parameters: Parameters) -> bool:
    """The bot's own reaction: one at most, and only one the chat allows."""
    chat = reached_chat(state, parameters.text("chat_id"))
    message = message_in(chat, parameters, "react")
    require_right(chat, "reaction")
    emojis = bot_reactions(parameters.listed("reaction") or [], chat)
    message.reactions.pop(state.bot.id, None)
    if emojis:
        message.reactions[state.bot.id] = emojis
    return True


def _edit(state: State, target: Message | InlineMessage, content: Content) -> Json | bool:
    """Show something else. Raises `RefusedError`."""
    if content == target.content:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    state.flood.spend(target.chat if isinstance(target, Message) else None)
    target.show(content)
    target.pinged.extend(notified(content.formatted))
    if not isinstance(target, Message):
        return True
    target.edit_date = state.world.now()
    return target.as_json()
