"""The methods this server knows, by their names in lower case."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.platforms.telegram.methods.answering import answer_callback_query, answer_inline_query
from tests.platforms.telegram.methods.chats import (
    get_chat,
    get_chat_administrators,
    get_chat_member,
    leave_chat,
)
from tests.platforms.telegram.methods.commands import (
    delete_my_commands,
    description_setter,
    get_my_commands,
    set_my_commands,
)
from tests.platforms.telegram.methods.editing import (
    delete_message,
    edit_message_caption,
    edit_message_reply_markup,
    edit_message_text,
    set_message_reaction,
)
from tests.platforms.telegram.methods.receiving import (
    delete_webhook,
    get_me,
    get_updates,
    get_webhook_info,
    set_webhook,
)
from tests.platforms.telegram.methods.sending import (
    send_chat_action,
    send_document,
    send_message,
    send_photo,
)
from tests.platforms.telegram.parameters import Parameters
from tests.platforms.telegram.state import State

__all__ = ["METHODS", "Method"]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Bot API."""

    name: str
    execute: Callable[[State, Parameters], Awaitable[object]]


METHODS = {
    method.name.lower(): method
    for method in (
        Method("getMe", get_me),
        Method("getUpdates", get_updates),
        Method("setWebhook", set_webhook),
        Method("deleteWebhook", delete_webhook),
        Method("getWebhookInfo", get_webhook_info),
        Method("sendMessage", send_message),
        Method("sendPhoto", send_photo),
        Method("sendDocument", send_document),
        Method("sendChatAction", send_chat_action),
        Method("editMessageText", edit_message_text),
        Method("editMessageCaption", edit_message_caption),
        Method("editMessageReplyMarkup", edit_message_reply_markup),
        Method("deleteMessage", delete_message),
        Method("setMessageReaction", set_message_reaction),
        Method("answerCallbackQuery", answer_callback_query),
        Method("answerInlineQuery", answer_inline_query),
        Method("setMyCommands", set_my_commands),
        Method("getMyCommands", get_my_commands),
        Method("deleteMyCommands", delete_my_commands),
        Method("setMyName", description_setter("setMyName", "name", 64)),
        Method("setMyDescription", description_setter("setMyDescription", "description", 512)),
        Method(
            "setMyShortDescription",
            description_setter("setMyShortDescription", "short_description", 120),
        ),
        Method("getChat", get_chat),
        Method("getChatMember", get_chat_member),
        Method("getChatAdministrators", get_chat_administrators),
        Method("leaveChat", leave_chat),
    )
}
