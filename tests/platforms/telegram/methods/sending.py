"""sendMessage, sendPhoto, sendDocument, sendChatAction."""

import time

from tests.platforms.telegram.access import reached_chat, replied, require_right, thread_in
from tests.platforms.telegram.keyboards import reply_markup
from tests.platforms.telegram.messages import Content, Media
from tests.platforms.telegram.parameters import Json, Parameters
from tests.platforms.telegram.refusals import RefusedError, bad_request
from tests.platforms.telegram.state import State
from tests.platforms.telegram.texts import caption, message_text, notified
from tests.platforms.telegram.world import ChatAction

__all__ = ["send_chat_action", "send_document", "send_message", "send_photo"]

_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_MOST_BYTES = {"photo": 10 * 2**20, "document": 50 * 2**20}


async def send_message(state: State, parameters: Parameters) -> Json:
    """A text."""
    content = Content(
        formatted=message_text(state, parameters, too_long="message is too long"),
        keyboard=reply_markup(parameters.record("reply_markup")),
    )
    return _send(state, parameters, content, "text")


async def send_photo(state: State, parameters: Parameters) -> Json:
    """A picture with a caption."""
    return _send_media(state, parameters, "photo")


async def send_document(state: State, parameters: Parameters) -> Json:
    """A file with a caption."""
    return _send_media(state, parameters, "document")


async def send_chat_action(state: State, parameters: Parameters) -> bool:
    """Typing, and the like."""
    action = parameters.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = reached_chat(state, parameters.text("chat_id"))
    thread = thread_in(chat, parameters, None)
    chat.actions.append(ChatAction(action=action, thread=thread, time=time.monotonic()))
    return True


def _send_media(state: State, parameters: Parameters, kind: str) -> Json:
    content = Content(
        formatted=caption(state, parameters),
        keyboard=reply_markup(parameters.record("reply_markup")),
        media=_media(state, parameters, kind),
    )
    return _send(state, parameters, content, kind)


def _media(state: State, parameters: Parameters, kind: str) -> Media:
    """The file of a request: uploaded, attached, or known from before. Raises `RefusedError`."""
    said = parameters.text(kind)
    file = parameters.files.get(said.removeprefix("attach://") if said else kind)
    if file is None and said in state.files:
        return Media(kind=kind, file_id=said, name="", content=b"")
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified" if said else "no file given")
    if not file.content:
        raise bad_request("file must be non-empty")
    if len(file.content) > _MOST_BYTES[kind]:
        raise RefusedError(413, "Request Entity Too Large")
    if kind == "photo" and not file.content.startswith(_PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    file_id = f"file{state.next_id()}"
    state.files.add(file_id)
    return Media(kind=kind, file_id=file_id, name=file.name, content=file.content)


def _send(state: State, parameters: Parameters, content: Content, kind: str) -> Json:
    """Put what the bot says in the chat. Raises `RefusedError`."""
    chat = reached_chat(state, parameters.text("chat_id"))
    require_right(chat, kind)
    reply_to = replied(chat, parameters)
    thread = thread_in(chat, parameters, reply_to)
    state.flood.spend(chat)
    message = state.add_message(
        chat,
        state.bot,
        content=content,
        thread=thread,
        reply_to=reply_to,
        silent=parameters.flag("disable_notification"),
    )
    message.pinged.extend(notified(content.formatted))
    chat.sent.append(message)
    return message.as_json()
