"""`parse_mode` HTML, as strict as Telegram's own parser (`parse_html` in TDLib)."""

import re
from dataclasses import dataclass

from tests.platforms.telegram.entities import Entity, link_entity, utf16_length
from tests.platforms.telegram.refusals import RefusedError, bad_request

__all__ = ["parse_html"]

_TYPES = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?", re.IGNORECASE)
_START = re.compile(r"<([^\s>]*)", re.DOTALL)
_END = re.compile(r"</([^\s>]*)\s*>")
_ATTRIBUTE = re.compile(
    r"""\s*([^\s=>]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+)(?=[\s>])))?""", re.ASCII
)
_OPEN_QUOTE = re.compile(r"=\s*[\"']")


@dataclass(frozen=True, slots=True)
class _Open:
    """A tag that waits for its end."""

    name: str
    argument: str
    offset: int
    position: int


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """The text and the entities of a source. Raises `RefusedError`."""
    return _Html(source).parsed()


def _decoded(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name.lower()]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    valid = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if valid else match[0]


class _Html:
    """One source that is being read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._text: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def parsed(self) -> tuple[str, list[Entity]]:
        source = self._source
        while self._position < len(source):
            bracket = source.find("<", self._position)
            until = len(source) if bracket < 0 else bracket
            self._add(_decoded(source[self._position : until]))
            self._position = until
            if bracket >= 0 and source.startswith("</", bracket):
                self._end()
            elif bracket >= 0:
                self._start()
        if self._open:
            raise bad_request(
                "can't parse entities: Can't find end tag corresponding to start tag "
                f'"{self._open[-1].name}"'
            )
        return "".join(self._text), self._entities

    def _add(self, text: str) -> None:
        self._text.append(text)
        self._length += utf16_length(text)

    def _wrong(self, reason: str, then: str = "") -> RefusedError:
        byte = len(self._source[: self._position].encode())
        return bad_request(f"can't parse entities: {reason} at byte offset {byte}{then}")

    def _start(self) -> None:
        match = _START.match(self._source, self._position)
        assert match
        name = match[1].lower()
        if match.end() == len(self._source):
            raise self._wrong("Unclosed start tag")
        if name not in _TYPES:
            raise self._wrong(f'Unsupported start tag "{name}"')
        attributes, end = self._attributes(name, match.end())
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._wrong('Tag "span" must have class "tg-spoiler"')
        self._open.append(
            _Open(name, _argument(name, attributes), self._length, len("".join(self._text)))
        )
        self._position = end

    def _attributes(self, tag: str, position: int) -> tuple[dict[str, str], int]:
        """The attributes of a tag, and where the tag ends."""
        found: dict[str, str] = {}
        while True:
            match = _ATTRIBUTE.match(self._source, position)
            assert match
            position = match.end()
            if position >= len(self._source) or _OPEN_QUOTE.match(self._source, position):
                raise self._wrong(f'Unclosed start tag "{tag}"')
            if not match[1]:
                if self._source[position] == ">":
                    return found, position + 1
                raise self._wrong(f'Empty attribute name in the tag "{tag}"')
            if self._source[position] == "=":
                raise self._wrong("Unexpected end of name token")
            value = match[2] or match[3] or match[4] or ""
            found[match[1].lower()] = _decoded(value)

    def _end(self) -> None:
        if not self._open:
            raise self._wrong("Unexpected end tag")
        match = _END.match(self._source, self._position)
        if not match:
            raise self._wrong("Unclosed end tag")
        tag = self._open.pop()
        if match[1] and match[1].lower() != tag.name:
            raise self._wrong(
                "Unmatched end tag", f', expected "</{tag.name}>", found "</{match[1]}>"'
            )
        self._position = match.end()
        if self._length > tag.offset:
            self._close(tag)

    def _close(self, tag: _Open) -> None:
        place = {"offset": tag.offset, "length": self._length - tag.offset}
        if tag.name == "a":
            url = tag.argument or "".join(self._text)[tag.position :]
            link = link_entity(url, **place)
            self._entities.extend([link] if link else [])
            return
        kind = _TYPES[tag.name]
        if tag.name == "blockquote" and tag.argument:
            kind = "expandable_blockquote"
        key = {"custom_emoji": "custom_emoji_id", "code": "language"}.get(kind)
        inner = self._entities[-1] if self._entities else None
        if tag.name == "pre" and inner and inner.type == "code" and inner.get("language"):
            whole = (inner.offset, inner.length) == (place["offset"], place["length"])
            if whole:
                self._entities[-1] = Entity(type="pre", extra=inner.extra, **place)
                return
        extra = ((key, tag.argument),) if key and tag.argument else ()
        self._entities.append(Entity(type=kind, extra=extra, **place))


def _argument(name: str, attributes: dict[str, str]) -> str:
    """What a tag says besides its name: where it leads, its language, its emoji."""
    match name:
        case "a":
            return attributes.get("href", "")
        case "code":
            return attributes.get("class", "").removeprefix("language-")
        case "tg-emoji":
            return attributes.get("emoji-id", "")
        case "blockquote":
            return "expandable" if "expandable" in attributes else ""
        case _:
            return ""
