"""The figures of an evaluation as a report writes them."""

from collections.abc import Mapping

from finetune.evaluation.metrics import METRICS, Metric
from finetune.report.numbers import NOTHING, label, plain_number

__all__ = ["figure_text", "interval_text", "metric_label", "metric_note"]

_KNOWN: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def metric_label(name: str) -> str:
    """What a metric is called; one this Punchline does not know keeps its name."""
    return _KNOWN[name].label if name in _KNOWN else label(name)


def metric_note(name: str) -> str:
    """Which value is better, or nothing for an unknown metric."""
    return f"{_KNOWN[name].better} is better" if name in _KNOWN else ""


def figure_text(name: str, figure: Mapping[str, float | None]) -> str:
    """A metric's value, in per cent where it is a share."""
    value = figure.get("value")
    if value is None:
        return NOTHING
    return _number(name, value) + (" %" if name in _KNOWN and _KNOWN[name].share else "")


def interval_text(name: str, figure: Mapping[str, float | None]) -> str:
    """The interval of a figure, or nothing where there is none."""
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None:
        return ""
    return f"{_number(name, low)} to {_number(name, high)}"


def _number(name: str, value: float) -> str:
    return _KNOWN[name].text(value) if name in _KNOWN else plain_number(value)
