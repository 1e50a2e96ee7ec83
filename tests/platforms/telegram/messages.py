"""Messages, and what became of them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.platforms.telegram.entities import Entity, FormattedText
from tests.platforms.telegram.keyboards import Button, Keyboard, buttons
from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.users import User

if TYPE_CHECKING:
    from tests.platforms.telegram.world import Chat

__all__ = ["Content", "Edit", "InlineMessage", "Media", "Message", "Shown", "entities_json"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A file in a message; `kind` is photo or document."""

    kind: str
    file_id: str
    name: str
    content: bytes

    def as_json(self) -> Json:
        """The fields of a message that carry it."""
        told = {
            "file_id": self.file_id,
            "file_unique_id": f"unique{self.file_id}",
            "file_size": len(self.content),
        }
        if self.kind == "photo":
            return {"photo": [{**told, "width": 640, "height": 480}]}
        return {"document": {**told, "file_name": self.name}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a message shows: a text, or media with a caption, and the buttons under it."""

    formatted: FormattedText = field(default_factory=FormattedText)
    keyboard: Keyboard = ()
    media: Media | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One change of a message by the bot; `time` is that of `time.monotonic`."""

    time: float
    text: str
    content: Content


@dataclass(eq=False, kw_only=True)
class Shown:
    """Something with a content the bot can edit.

    `edits` are the later contents, oldest first. `pinged` names whom it ever notified, as
    `@username` or `tg://user?id=…`.
    """

    content: Content = field(default_factory=Content)
    edits: list[Edit] = field(default_factory=list)
    pinged: list[str] = field(default_factory=list)
    time: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        """The text or the caption."""
        return self.content.formatted.text

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities of the text or the caption."""
        return self.content.formatted.entities

    @property
    def buttons(self) -> list[list[Button]]:
        """The buttons under it, row by row."""
        return [list(row) for row in self.content.keyboard]

    @property
    def media(self) -> Media | None:
        """The photo or document."""
        return self.content.media

    def button(self, data_or_label: str) -> Button:
        """The button with that data or label. Raises `LookupError`."""
        for button in buttons(self.content.keyboard):
            if button.called(data_or_label):
                return button
        raise LookupError(f"no button {data_or_label!r} under {self.text!r}: {self.buttons}")

    def show(self, content: Content) -> None:
        """Replace the content, and remember that it was."""
        self.content = content
        self.edits.append(Edit(time=time.monotonic(), text=content.formatted.text, content=content))


@dataclass(eq=False, kw_only=True)
class InlineMessage(Shown):
    """A message somebody sent through the bot's inline mode, anywhere."""

    id: str
    sender: User


@dataclass(eq=False, kw_only=True)
class Message(Shown):
    """A message in a chat.

    `sender_chat` is the chat for which an anonymous administrator speaks. `reactions` holds the
    list of each user, or chat, by its id. `raw` are the fields of a service message.
    """

    id: int
    chat: "Chat"
    sender: User
    sender_chat: "Chat | None" = None
    date: int
    thread: int | None = None
    reply_to: "Message | None" = None
    raw: Mapping[str, object] = field(default_factory=dict)
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    edit_date: int | None = None
    deleted: bool = False
    silent: bool = False

    def as_json(self, *, with_reply: bool = True) -> Json:
        """The `Message` object."""
        told: Json = {
            "message_id": self.id,
            "from": self.sender.as_json(),
            "chat": self.chat.as_json(),
            "date": self.date,
            **self.raw,
        }
        if self.sender_chat is not None:
            told["sender_chat"] = self.sender_chat.as_json()
        if self.thread is not None:
            told |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.edit_date is not None:
            told["edit_date"] = self.edit_date
        if self.reply_to is not None and with_reply and not self.reply_to.deleted:
            told["reply_to_message"] = self.reply_to.as_json(with_reply=False)
        return told | self._content_json()

    def _content_json(self) -> Json:
        text_name, entities_name = "text", "entities"
        told: Json = {}
        if self.media is not None:
            text_name, entities_name = "caption", "caption_entities"
            told |= self.media.as_json()
        if self.text:
            told[text_name] = self.text
        if self.entities:
            told[entities_name] = entities_json(self.entities)
        if self.content.keyboard:
            rows = [[button.raw for button in row] for row in self.content.keyboard]
            told["reply_markup"] = {"inline_keyboard": rows}
        return told


def entities_json(entities: tuple[Entity, ...]) -> list[Json]:
    """`MessageEntity` objects."""
    told = []
    for entity in entities:
        extra = dict(entity.extra)
        user = extra.pop("user", None)
        if user is not None:
            extra["user"] = {"id": user, "is_bot": False, "first_name": "Somebody"}
        told.append(
            {"type": entity.type, "offset": entity.offset, "length": entity.length, **extra}
        )
    return told
