"""Entities of texts: found in them, or said by whoever sends them.

Offsets and lengths are counted in UTF-16 code units, as the Bot API does.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.refusals import bad_request

__all__ = [
    "Entity",
    "FormattedText",
    "finished",
    "link_entity",
    "said_entities",
    "utf16_length",
]

_FOUND_BY_TELEGRAM = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
}
_STYLES = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
}
_PATTERNS = {
    "email": re.compile(r"(?<![\w.+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[a-z]+"),
    "url": re.compile(
        r"(?:https?://|tg://)[^\s<>\"]+|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|org|me)\b"
    ),
    "mention": re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{4,32}(?!\w)"),
    "bot_command": re.compile(
        r"(?<![\w/>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])", re.ASCII
    ),
    "hashtag": re.compile(r"(?<!\w)#(?=\w*[^\W\d])\w{1,256}"),
    "cashtag": re.compile(r"(?<!\w)\$[A-Z]{3,8}(?!\w)"),
}
_USER_LINK = re.compile(r"tg://user\?id=(\d+)", re.IGNORECASE)
_WEB_LINK = re.compile(r"(?:https?://|tg://|ton://)?[^\s.:/]+(?:\.[^\s.:/]+|:\d+|\?)\S*", re.I)
_MIDDLE = 0xDC00, 0xDFFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A part of a text that is special.

    `extra` holds what only some types have: `url`, `language`, `custom_emoji_id`, or `user`, the
    id of the user a text mentions.
    """

    type: str
    offset: int
    length: int
    extra: tuple[tuple[str, Any], ...] = ()

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.offset + self.length

    def get(self, name: str) -> Any:
        """One of the `extra` values, None if it has none."""
        return dict(self.extra).get(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class FormattedText:
    """A text as it is shown, and its entities in order."""

    text: str = ""
    entities: tuple[Entity, ...] = field(default=())

    def part(self, entity: Entity) -> str:
        """What of the text the entity covers."""
        units = self.text.encode("utf-16-le")
        return units[2 * entity.offset : 2 * entity.end].decode("utf-16-le", "replace")


def utf16_length(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text) + sum(character > "\uffff" for character in text)


def link_entity(url: str, *, offset: int, length: int) -> Entity | None:
    """The entity of a text link: a mention of a user, a link, or nothing if the URL is invalid."""
    user = _USER_LINK.fullmatch(url)
    if user:
        extra: tuple[tuple[str, Any], ...] = (("user", int(user[1])),)
        return Entity(type="text_mention", offset=offset, length=length, extra=extra)
    if _WEB_LINK.fullmatch(url):
        return Entity(type="text_link", offset=offset, length=length, extra=(("url", url),))
    return None


def said_entities(said: Iterable[object], text: str) -> tuple[Entity, ...]:
    """Check entities given explicitly. Raises `RefusedError`."""
    units = text.encode("utf-16-le")
    entities = []
    for raw in said:
        entity = _said_entity(raw)
        if entity is None:
            continue
        if entity.offset < 0 or entity.length <= 0 or 2 * entity.end > len(units):
            raise bad_request("ENTITY_BOUNDS_INVALID")
        for verb, place in (("begins", entity.offset), ("ends", entity.end)):
            unit = int.from_bytes(units[2 * place : 2 * place + 2], "little")
            if _MIDDLE[0] <= unit <= _MIDDLE[1]:
                raise bad_request(f"entity {verb} in a middle of a UTF-16 symbol at offset {place}")
        entities.append(entity)
    return tuple(entities)


def _said_entity(raw: object) -> Entity | None:
    """One explicit entity; None for a kind that Telegram only finds by itself."""
    if not isinstance(raw, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    for name, kind in (("type", str), ("offset", int), ("length", int)):
        if not isinstance(raw.get(name), kind):
            raise bad_request(f"can't parse MessageEntity: Can't find field \"{name}\"")
    place = {"offset": raw["offset"], "length": raw["length"]}
    match raw["type"]:
        case "text_link":
            return link_entity(str(raw.get("url", "")), **place)
        case "text_mention":
            extra: Sequence[tuple[str, Any]] = [("user", _user_id(raw))]
        case "custom_emoji":
            extra = [("custom_emoji_id", str(raw.get("custom_emoji_id", "")))]
        case "pre" if raw.get("language"):
            extra = [("language", raw["language"])]
        case name if name in _STYLES:
            extra = []
        case name if name in _FOUND_BY_TELEGRAM:
            return None
        case _:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
    return Entity(type=raw["type"], extra=tuple(extra), **place)


def _user_id(raw: Json) -> int:
    user = raw.get("user")
    if not isinstance(user, dict) or not isinstance(user.get("id"), int):
        raise bad_request("can't parse MessageEntity: Can't find field \"user\"")
    return int(user["id"])


def finished(
    text: str, entities: Iterable[Entity], *, knows: Callable[[int], bool]
) -> FormattedText:
    """The text as Telegram keeps it: trimmed, and with the entities it finds by itself.

    Mentions of users that `knows` does not know are dropped.
    """
    kept = text.rstrip()
    lead = len(kept) - len(kept.lstrip())
    kept = kept[lead:]
    length = utf16_length(kept)
    said = []
    for entity in entities:
        start = max(entity.offset - lead, 0)
        end = min(entity.end - lead, length)
        stranger = entity.type == "text_mention" and not knows(entity.get("user"))
        if start < end and not stranger:
            said.append(
                Entity(type=entity.type, offset=start, length=end - start, extra=entity.extra)
            )
    together = said + _found(kept, said)
    together.sort(key=lambda entity: (entity.offset, -entity.length))
    return FormattedText(text=kept, entities=tuple(together))


def _found(text: str, said: Sequence[Entity]) -> list[Entity]:
    """The entities in a plain text, outside of code and links."""
    taken = [
        (entity.offset, entity.end)
        for entity in said
        if entity.type in {"code", "pre", "text_link", "text_mention", "custom_emoji"}
    ]
    found = []
    for name, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            offset = utf16_length(text[: match.start()])
            end = offset + utf16_length(match[0])
            if all(end <= start or offset >= stop for start, stop in taken):
                taken.append((offset, end))
                found.append(Entity(type=name, offset=offset, length=end - offset))
    return found
