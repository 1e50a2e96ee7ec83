"""Which texts are an emoji."""

import re
import unicodedata

from tests.platforms.discord.refusals import InvalidFormError, Reason, RefusalError
from tests.platforms.discord.rules import Payload

__all__ = ["check_component_emoji", "is_emoji", "reaction_emoji", "wire_emoji"]

_JOINERS = frozenset("\u200d\ufe0f\u20e3")
_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3")
_MODIFIERS = re.compile(r"[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_LONGEST = 16


def is_emoji(value: str) -> bool:
    """Whether a text is one Unicode emoji."""
    if _KEYCAP.fullmatch(value):
        return True
    if not value or len(value) > _LONGEST:
        return False
    signs = [sign for sign in _MODIFIERS.sub("", value) if sign not in _JOINERS]
    joined = len(signs) == 1 or "\u200d" in value or _is_flag(signs)
    return joined and all(unicodedata.category(sign) == "So" for sign in signs)


def _is_flag(signs: list[str]) -> bool:
    return len(signs) == 2 and all("\U0001f1e6" <= sign <= "\U0001f1ff" for sign in signs)


def reaction_emoji(value: str) -> str:
    """An emoji as the address of a reaction names it. Raises `RefusalError`."""
    if not is_emoji(value):
        raise RefusalError(Reason.UNKNOWN_EMOJI)
    return value


def check_component_emoji(emoji: Payload, path: str) -> None:
    """Refuse a button whose emoji Discord does not know."""
    if emoji.get("id") or not is_emoji(str(emoji.get("name", ""))):
        raise InvalidFormError(path, "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")


def wire_emoji(emoji: str) -> Payload:
    """An emoji as events and messages carry it."""
    return {"id": None, "name": emoji}
