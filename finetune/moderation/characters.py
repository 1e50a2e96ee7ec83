"""Which characters may stand in a prompt or a joke: the rule both are held to."""

import re
import unicodedata
from collections.abc import Set

__all__ = ["MARKS_IN_A_ROW", "forbidden_in", "is_plain", "keep_only_allowed"]

MARKS_IN_A_ROW = 4
"""More combining marks than this on one letter are decoration that climbs over other lines."""

# Cc control, Cf format (zero-width, bidi), Cs surrogates, Co private use, Cn unassigned.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

# Letters without a shape of their own; Unicode counts them as letters, symbols or marks.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

# Emoji are assigned faster than Python's tables are: in this block "unassigned" only means "newer".
_EMOJI_BLOCK = range(0x1F000, 0x1FB00)

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_SYMBOL = "\u00a9\u00ae\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_STRAY_STYLE = re.compile(f"(?<![#*0-9{_SYMBOL}]){_EMOJI_STYLE}")
_STRAY_JOINER = re.compile(
    f"(?<![{_SYMBOL}{_EMOJI_STYLE}]){_JOINER}|{_JOINER}(?![{_SYMBOL}])",
)
_VARIATION_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def is_plain(text: str) -> bool:
    """Whether a text is one line of printable ASCII, in which nothing can be forbidden."""
    return text.isascii() and text.isprintable()


def forbidden_in(text: str) -> Set[str]:
    """The characters of a text that no prompt and no joke may contain, whatever stands around them.

    Forbidden are control, zero-width, bidirectional and other format characters, surrogates,
    private-use, unassigned and invisible ones. The joiner and the emoji style are not in this set,
    because emoji such as a family or a rainbow flag are made with them.
    """
    if is_plain(text):
        return frozenset()
    return {char for char in set(text) if _is_forbidden(char)}


def keep_only_allowed(text: str) -> str:
    """The text in NFC without forbidden characters, stray joiners and heaps of marks; idempotent.

    A joiner or emoji style stays only between or after symbols it can join, so an emoji made of
    several keeps its look while nothing invisible hides between letters. Putting marks in order
    takes NFC quadratic time, so heaps of them go first: the whole is linear in the length.
    """
    if is_plain(text):
        return text
    text = text.translate({ord(char): None for char in forbidden_in(text)})
    text = _without_heaps(_without_strays(text))
    # NFC can unfold one mark into two and turn a symbol into a letter, so both rules apply again.
    text = _without_heaps(unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", _without_strays(text))


def _is_forbidden(char: str) -> bool:
    if char in (_JOINER, _EMOJI_STYLE):
        return False
    if char in _INVISIBLE or char in _VARIATION_SELECTORS:
        return True
    category = unicodedata.category(char)
    if category == "Cn" and ord(char) in _EMOJI_BLOCK:
        return False
    return category in _FORBIDDEN_CATEGORIES


def _without_strays(text: str) -> str:
    return _STRAY_JOINER.sub("", _STRAY_STYLE.sub("", text))


def _without_heaps(text: str) -> str:
    marks = {
        char
        for char in set(text)
        if char != _EMOJI_STYLE
        and (unicodedata.combining(char) or unicodedata.category(char)[0] == "M")
    }
    if not marks:
        return text
    kept = []
    row = 0
    for char in text:
        row = row + 1 if char in marks else 0
        if row <= MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)
