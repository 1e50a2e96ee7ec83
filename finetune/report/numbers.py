"""Figures as a person reads them."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["NOTHING", "figure_text", "label", "plain_number", "value_text", "which_is_better"]

NOTHING = "–"

_SHARE = re.compile("share|complete|looping|cop(y|ied)|duplicate|offensive|topic|filtered")
_LOWER = re.compile("loss|bleu|looping|cop(y|ied)|duplicate|offensive|distance")
_HIGHER = re.compile("complete|distinct|topic")
_SPELLINGS = {
    "distinct 2": "Distinct-2",
    "self bleu": "Self-BLEU",
    "topic raw": "On topic, every candidate",
    "topic told": "On topic, as told",
    "filtered": "Kept back by the filter",
    "words p10": "Words, 10th percentile",
    "words median": "Words, median",
    "words p90": "Words, 90th percentile",
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


def which_is_better(metric: str) -> str | None:
    """Whether a lower or a higher value of a metric is better, if either is."""
    if _LOWER.search(metric):
        return "lower is better"
    return "higher is better" if _HIGHER.search(metric) else None


def plain_number(value: float) -> str:
    """A number with three or four digits that count, and commas between thousands."""
    if isinstance(value, int) or (value.is_integer() and abs(value) >= _LARGE):
        return f"{int(value):,}"
    if value and abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.3f}".rstrip("0").rstrip(".")


def figure_text(metric: str, figure: Mapping[str, float | None]) -> tuple[str, str]:
    """A metric's value and its interval ("" without one), in per cent where it is a share."""
    value, low, high = (figure.get(part) for part in ("value", "low", "high"))
    if value is None:
        return NOTHING, ""
    interval = ""
    if low is not None and high is not None:
        interval = f"{_metric_number(metric, low)} to {_metric_number(metric, high)}"
    unit = " %" if _SHARE.search(metric) else ""
    return f"{_metric_number(metric, value)}{unit}", interval


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


def _metric_number(metric: str, value: float) -> str:
    if _SHARE.search(metric):
        return f"{100 * value:.1f}"
    return plain_number(value) if abs(value) >= _LARGE else f"{value:.3f}"
