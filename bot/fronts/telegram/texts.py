"""Plain text as Telegram takes it: never too long, and nobody is mentioned."""

import re
from dataclasses import dataclass

from telegram import MessageEntity

__all__ = ["LONGEST", "Script", "plain", "script"]

LONGEST = 4096
"""UTF-16 code units of a message (https://core.telegram.org/bots/api#sendmessage)."""

_MENTION = re.compile(r"@(?=\w)")
_WORD_JOINER = "\u2060"
_ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A text of which some part is shown with all characters equally wide."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


def script(head: str, *, table: str = "", rest: str = "") -> Script:
    """Lines, a table and lines again; nobody is mentioned, and what does not fit is cut."""
    parts = [plain(part) for part in (head, table, rest) if part]
    text = plain("\n".join(parts))
    begins = _units(parts[0]) + 1
    length = min(_units(plain(table)), _units(text) - begins)
    if not table or length <= 0:
        return Script(text=text)
    pre = MessageEntity(type=MessageEntity.PRE, offset=begins, length=length)
    return Script(text=text, entities=(pre,))


def plain(text: str, *, ending: str = "") -> str:
    """The text, shortened so that the ending fits behind it, with every mention taken apart.

    A word joiner, which nobody sees, stands behind each @ that could begin a name.
    """
    room = LONGEST - _units(ending)
    text = _MENTION.sub(f"@{_WORD_JOINER}", text)
    if _units(text) > room:
        text = _beginning(text, room - _units(_ELLIPSIS)).rstrip() + _ELLIPSIS
    return text + ending


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _beginning(text: str, units: int) -> str:
    # Half a character at the cut is left out.
    return text.encode("utf-16-le", "replace")[: 2 * units].decode("utf-16-le", "ignore")
