"""Figures as a person reads them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["NOTHING", "label", "moment", "plain_number", "value_text"]

NOTHING = "–"

_SPELLINGS = {
    "sha256": "SHA-256",
    "lora": "LoRA",
    "peft": "PEFT",
    "trl": "TRL",
    "torch": "PyTorch",
}
_CHECKSUM = re.compile("[0-9a-f]{32,}")
_SHOWN_OF_CHECKSUM = 12
_SMALL = 1e-3
_LARGE = 100


def label(name: str) -> str:
    """`rows_in` as "Rows in", and names that have a spelling of their own, and files, in that."""
    if "." in name or "/" in name:
        return name
    words = " ".join(name.replace("_", " ").split())
    return _SPELLINGS.get(words.lower(), words[:1].upper() + words[1:])


def moment(text: str) -> str:
    """An ISO 8601 time to the minute with its zone; any other text as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d, %H:%M %Z}".rstrip()
    except ValueError:
        return text


def plain_number(value: float) -> str:
    """A number with three or four digits that count, and commas between thousands."""
    if isinstance(value, int) or (value.is_integer() and abs(value) >= _LARGE):
        return f"{int(value):,}"
    if value and abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.3f}".rstrip("0").rstrip(".")


def value_text(value: Any) -> str:
    """Any value of a recipe or of a corpus summary on one line."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return plain_number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value_text(inner)}" for key, inner in value.items()) or NOTHING
    if isinstance(value, list | tuple):
        return " · ".join(map(value_text, value)) or NOTHING
    text = str(value)
    return f"{text[:_SHOWN_OF_CHECKSUM]}…" if _CHECKSUM.fullmatch(text) else text
