"""The one line a person reads when the settings cannot be used."""

import json

__all__ = ["HIDDEN", "SettingsError", "found"]

HIDDEN = "(hidden)"
LONGEST_VALUE = 60
LONGEST_LINE = 1000


class SettingsError(Exception):
    """The settings cannot be used; `str()` is exactly one line that can be printed anywhere."""

    def __init__(self, sentence: str) -> None:
        super().__init__(_shortened(_printable(sentence), LONGEST_LINE))


def found(value: object) -> str:
    """A value from a file or the environment as a refusal shows it, never more than a few words.

    Lists and tables are named and not shown: they can be endlessly deep, and may hold anything.
    """
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _printable(json.dumps(_shortened(value, LONGEST_VALUE), ensure_ascii=False))
    try:
        return _shortened(str(value), LONGEST_VALUE)
    except ValueError:  # Python refuses to write out a whole number of thousands of digits
        return "a number with thousands of digits"


def _printable(text: str) -> str:
    # Line breaks, terminal escapes and undecodable bytes are shown by their code.
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
