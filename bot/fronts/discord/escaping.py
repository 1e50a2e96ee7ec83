"""Text that Discord shows as it was written: no formatting, no links, nobody pinged."""

import re

__all__ = ["LONGEST_MESSAGE", "escaped", "excerpt"]

LONGEST_MESSAGE = 2000
"""Characters of the longest message. Source:
https://discord.com/developers/docs/resources/message#create-message"""

_INVISIBLE = "\u200b"
_BLANK = "…"
_FORMATTING = re.compile(r"[\\`*_~|<>\[\]]")
# What counts only at the start of a line: headings, small print, lists, numbered lists.
_LINE_START = re.compile(r"(?m)^(\s*(?:[0-9]+(?=[.)]))?)([-+#.)])")
_INVITATION = re.compile(r"(?i)(discord(?:app)?\.(?:gg|com))/")
_LOOK_ALIKE = str.maketrans(
    {
        "\\": "∖",
        "`": "ˋ",
        "*": "∗",
        "_": "＿",
        "~": "∼",
        "|": "∣",
        "<": "‹",
        ">": "›",
        "[": "［",
        "]": "］",
        "@": "＠",
        "#": "＃",
        "-": "‑",
        "+": "＋",
        ":": "：",
        "/": "∕",
    }
)
_NUMBERED = re.compile(r"(?m)^(\s*[0-9]+)([.)])")
_LOOK_ALIKE_DOTS = {".": "․", ")": "）"}


def escaped(text: str) -> str:
    """The text for a message, never empty; within the limit where `text` itself is.

    Source: https://support.discord.com/hc/en-us/articles/210298617
    """
    text = text.strip() or _BLANK
    with_backslashes = _with_backslashes(text)
    # A joke is not cut because of its signs: where there is no room for backslashes, signs that
    # look alike and mean nothing stand in for those that mean something.
    return with_backslashes if len(with_backslashes) <= LONGEST_MESSAGE else _look_alike(text)


def excerpt(text: str, limit: int) -> str:
    """As `escaped`, in one line, and cut so that it has at most `limit` characters (2 or more)."""
    words = " ".join(text.split()) or _BLANK
    whole = _with_backslashes(words)
    while len(whole) > limit:
        # Each character is at least one in the result, so this many have to go at least.
        words = words.removesuffix(_BLANK)
        words = words[: -max(1, min(len(whole) - limit, len(words) // 4))].rstrip() + _BLANK
        whole = _with_backslashes(words)
    return whole


def _with_backslashes(text: str) -> str:
    text = _FORMATTING.sub(r"\\\g<0>", text)
    text = _LINE_START.sub(r"\1\\\2", text)
    text = text.replace("://", "\\://")
    text = _INVITATION.sub(r"\1\\/", text)
    # A backslash does not keep @everyone from pinging, so something has to stand in between.
    return text.replace("@", f"@{_INVISIBLE}")


def _look_alike(text: str) -> str:
    text = _NUMBERED.sub(lambda found: found[1] + _LOOK_ALIKE_DOTS[found[2]], text)
    return text.translate(_LOOK_ALIKE)
