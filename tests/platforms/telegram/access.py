"""What the bot may reach: chats, messages, topics."""

from tests.platforms.telegram.messages import InlineMessage, Message
from tests.platforms.telegram.parameters import Parameters
from tests.platforms.telegram.refusals import bad_request, forbidden, migrated
from tests.platforms.telegram.state import State
from tests.platforms.telegram.world import Chat

__all__ = ["editable", "message_in", "reached_chat", "replied", "require_right", "thread_in"]

_RIGHTS = {
    "text": "text messages",
    "photo": "photos",
    "document": "documents",
    "reaction": "reactions",
}


def reached_chat(state: State, chat_id: str) -> Chat:
    """The chat with an id, in which the bot may at least be active. Raises `RefusedError`."""
    if not chat_id:
        raise bad_request("chat_id is empty")
    number = int(chat_id) if chat_id.lstrip("-").isdecimal() else 0
    chat = state.world.chats.get(number)
    if chat is None and number in state.world.users:
        raise forbidden("bot can't initiate conversation with a user")
    if chat is None or chat.deleted:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to)
    if chat.bot == "kicked" and chat.private:
        raise forbidden("bot was blocked by the user")
    if chat.bot == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if chat.bot == "left":
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    return chat


def require_right(chat: Chat, kind: str) -> None:
    """Whether the bot may send text, a photo, a document or a reaction. Raises `RefusedError`."""
    if kind in chat.forbidden:
        raise bad_request(f"not enough rights to send {_RIGHTS[kind]} to the chat")


def thread_in(chat: Chat, parameters: Parameters, reply_to: Message | None) -> int | None:
    """The topic a message goes to, None for the general one. Raises `RefusedError`."""
    thread = parameters.integer("message_thread_id")
    if thread is None:
        return reply_to.thread if reply_to is not None else None
    if thread not in chat.topics:
        raise bad_request("message thread not found")
    if thread in chat.closed and not chat.bot_is_admin:
        raise bad_request("TOPIC_CLOSED")
    return thread


def replied(chat: Chat, parameters: Parameters) -> Message | None:
    """The message that is replied to, if any. Raises `RefusedError`."""
    said = parameters.record("reply_parameters")
    wanted = Parameters(said or {})
    message_id = wanted.integer("message_id") or parameters.integer("reply_to_message_id")
    if message_id is None:
        return None
    anyway = wanted.flag("allow_sending_without_reply") or parameters.flag(
        "allow_sending_without_reply"
    )
    message = chat.messages.get(message_id)
    if message is not None and not message.deleted:
        return message
    if anyway:
        return None
    raise bad_request("message to be replied not found")


def message_in(chat: Chat, parameters: Parameters, purpose: str) -> Message:
    """The message a request names; `purpose` is to do what. Raises `RefusedError`."""
    message_id = parameters.integer("message_id")
    if message_id is None:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise bad_request(f"message to {purpose} not found")
    return message


def editable(state: State, parameters: Parameters) -> Message | InlineMessage:
    """The message a request wants to edit. Raises `RefusedError`."""
    inline_id = parameters.text("inline_message_id")
    if inline_id:
        inline = state.inline_messages.get(inline_id)
        if inline is None:
            raise bad_request("MESSAGE_ID_INVALID")
        return inline
    chat = reached_chat(state, parameters.text("chat_id"))
    message = message_in(chat, parameters, "edit")
    if message.sender != state.bot:
        raise bad_request("message can't be edited")
    return message
