"""`parse_mode` MarkdownV2, as strict as Telegram's own parser (`parse_markdown_v2` in TDLib)."""

from dataclasses import dataclass

from tests.platforms.telegram.entities import Entity, link_entity, utf16_length
from tests.platforms.telegram.refusals import RefusedError, bad_request

__all__ = ["parse_markdown"]

_RESERVED = set("_*[]()~`>#+-=|{}.!")
_MARKS = {
    "```": "pre",
    "__": "underline",
    "||": "spoiler",
    "![": "custom_emoji",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "`": "code",
    "[": "text_link",
}
_ENDS = {"custom_emoji": "]", "text_link": "]"} | {
    kind: mark for mark, kind in _MARKS.items() if "[" not in mark
}
_NAMES = {
    "pre": "Pre",
    "underline": "Underline",
    "spoiler": "Spoiler",
    "custom_emoji": "CustomEmoji",
    "italic": "Italic",
    "bold": "Bold",
    "strikethrough": "Strikethrough",
    "code": "Code",
    "text_link": "TextUrl",
}
_ESCAPABLE = 126


@dataclass(frozen=True, slots=True)
class _Open:
    """A mark that waits for its end."""

    type: str
    language: str
    offset: int
    pieces: int
    position: int


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """The text and the entities of a source. Raises `RefusedError`."""
    return _Markdown(source).parsed()


class _Markdown:
    """One source that is being read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._text: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []
        self._quote: int | None = None

    def parsed(self) -> tuple[str, list[Entity]]:
        while self._position < len(self._source):
            self._step()
        if self._open:
            last = self._open[-1]
            raise self._wrong(
                f"Can't find end of {_NAMES[last.type]} entity at byte offset "
                f"{self._byte(last.position)}"
            )
        self._end_quote()
        return "".join(self._text), self._entities

    def _step(self) -> None:
        """Read one character, or one mark."""
        source, position = self._source, self._position
        character = source[position]
        following = source[position + 1 : position + 2]
        if character == "\\" and following and 0 < ord(following) <= _ESCAPABLE:
            self._position += 1
            self._add(following)
        elif character == ">" and not self._open and self._at_line_start():
            self._position += 1
            self._quote = self._length if self._quote is None else self._quote
        elif character not in self._reserved():
            if character == "\n" and source[position + 1 : position + 2] != ">":
                self._end_quote()
            self._add(character)
        elif self._open and self._ends(self._open[-1].type):
            self._end(self._open.pop())
        else:
            self._start()

    def _add(self, character: str) -> None:
        self._position += 1
        self._text.append(character)
        self._length += utf16_length(character)

    def _byte(self, position: int) -> int:
        return len(self._source[:position].encode())

    def _wrong(self, reason: str) -> RefusedError:
        return bad_request(f"can't parse entities: {reason}")

    def _at_line_start(self) -> bool:
        return self._position == 0 or self._source[self._position - 1] == "\n"

    def _end_quote(self) -> None:
        if self._quote is not None and self._length > self._quote:
            self._entities.append(
                Entity(type="blockquote", offset=self._quote, length=self._length - self._quote)
            )
        self._quote = None

    def _reserved(self) -> set[str]:
        in_code = self._open and self._open[-1].type in {"code", "pre"}
        return {"`"} if in_code else _RESERVED

    def _ends(self, kind: str) -> bool:
        """Whether what is open ends here."""
        here = self._source[self._position :][:3]
        if kind == "italic" and here.startswith("__"):
            return False
        return here.startswith(_ENDS[kind])

    def _start(self) -> None:
        begin = self._position
        mark = next((mark for mark in _MARKS if self._source.startswith(mark, begin)), None)
        if mark is None or (self._open and self._open[-1].type in {"code", "pre"}):
            raise self._wrong(
                f"Character '{self._source[begin]}' is reserved and must be escaped with the "
                "preceding '\\'"
            )
        self._position += len(mark)
        language = self._language() if mark == "```" else ""
        self._open.append(
            _Open(_MARKS[mark], language, self._length, len(self._text), begin),
        )

    def _language(self) -> str:
        """The language of a block of code, if its first line is nothing else."""
        end = self._position
        while end < len(self._source) and self._source[end] not in "` \t\n":
            end += 1
        if self._source[end : end + 1] != "\n":
            return ""
        language = self._source[self._position : end]
        self._position = end + 1
        return language

    def _end(self, mark: _Open) -> None:
        begin = self._position
        self._position += len(_ENDS[mark.type])
        place = {"offset": mark.offset, "length": self._length - mark.offset}
        linked = mark.type in {"text_link", "custom_emoji"}
        url = self._url("".join(self._text[mark.pieces :])) if linked else ""
        if not place["length"]:
            return
        if mark.type == "text_link":
            link = link_entity(url, **place)
            self._entities.extend([link] if link else [])
            return
        if mark.type == "custom_emoji" and not url.startswith("tg://emoji?id="):
            raise self._wrong(
                f"Custom emoji URL must have scheme tg at byte offset {self._byte(begin)}"
            )
        extra: tuple[tuple[str, str], ...] = ()
        if mark.type == "custom_emoji":
            extra = (("custom_emoji_id", url.removeprefix("tg://emoji?id=")),)
        elif mark.language:
            extra = (("language", mark.language),)
        self._entities.append(Entity(type=mark.type, extra=extra, **place))

    def _url(self, shown: str) -> str:
        """The address in parentheses behind a link; without one, what is shown is the address."""
        if not self._source.startswith("(", self._position):
            return shown
        begin = self._position = self._position + 1
        url: list[str] = []
        while self._position < len(self._source) and self._source[self._position] != ")":
            if self._source[self._position] == "\\":
                self._position += 1
            url.append(self._source[self._position : self._position + 1])
            self._position += 1
        if self._position >= len(self._source):
            raise self._wrong(f"Can't find end of a URL at byte offset {self._byte(begin)}")
        self._position += 1
        return "".join(url)
