"""Finds what would call somebody or lead somewhere once it stands in a chat."""

import re

__all__ = ["has_address"]

_TOP_LEVEL = "com|net|org|edu|gov|info|biz|io|gg|ly|tv|xyz|ru|tk|app|dev|co\\.uk"

_ADDRESSES = re.compile(
    "|".join(
        (
            r"(?<!\w)@\w+",  # members by name
            r"@(?:everyone|here)",  # which Discord heeds inside a word too
            r"<(?:[@#]|a?:\w|t:|/\w|id:)[^\s<>]{0,100}>",  # Discord's mentions, emoji and times
            r"\w@\w[\w-]{0,60}\.\w",  # e-mail
            r"\b(?:https?|ftp|tg|mailto|discord|javascript):/{0,2}\S",
            r"\bwww\.\w",
            r"\bt\.me/\w",
            rf"\w\.(?:{_TOP_LEVEL})\b(?!\.\w)",  # a bare domain, which chats turn into a link
        )
    ),
    re.IGNORECASE,
)

_NUMBERS = re.compile(
    r"\+\d[\d ().-]{6,20}\d"
    r"|(?<![\d.,])\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?![\d.,]*\d)"
    r"|(?<![\d.,-])\d{3}[-.]\d{4}(?![\d.,-]*\d)"
    r"|(?<![\d.,])\d{2,5}(?:[ .-]\d{2,4}){3,}(?!\d)"
    r"|(?<![\d.,])0?\d{10}(?![\d.,]*\d)"
)

# What each of the above holds somewhere. Most jokes hold neither, and are looked at no closer.
_SIGN_OF_ADDRESS = re.compile(r"[@<:]|\.\w")
_SIGN_OF_NUMBER = re.compile(r"\d")


def has_address(text: str) -> bool:
    """Whether a text holds a mention, link, e-mail address or what looks like a phone number."""
    return (_SIGN_OF_ADDRESS.search(text) is not None and _ADDRESSES.search(text) is not None) or (
        _SIGN_OF_NUMBER.search(text) is not None and _NUMBERS.search(text) is not None
    )
