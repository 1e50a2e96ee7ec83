"""The few figures that a reader should see first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finetune.report.content import HistoryPoint, ReportContent
from finetune.report.curves import lowest_held_out
from finetune.report.metrics import figure_text, metric_label
from finetune.report.numbers import plain_number

__all__ = ["Highlight", "highlights"]

_THIS_VERSION = "this version"
_BASE = "base"
_FOREMOST = ("loss_per_character", "topic_told", "complete", "distinct_2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Highlight:
    """A figure that stands large, and what to compare it with."""

    name: str
    value: str
    note: str = ""


def highlights(content: ReportContent) -> list[Highlight]:
    """At most four: of the evaluation, or of the training where there is no evaluation."""
    measured = content.metrics.get(_THIS_VERSION, {})
    base = content.metrics.get(_BASE, {})
    found = [
        Highlight(
            name=metric_label(name),
            value=figure_text(name, measured[name]),
            note=_compared(name, measured[name], base.get(name, {})),
        )
        for name in _FOREMOST
        if name in measured
    ]
    return found or _of_training(content.history)


def _compared(
    name: str, measured: Mapping[str, float | None], base: Mapping[str, float | None]
) -> str:
    ours, theirs = measured.get("value"), base.get("value")
    if ours is None or theirs is None:
        return ""
    if "loss" in name and theirs > 0:
        change = 100 * (ours / theirs - 1)
        return f"{abs(change):.1f} % {'below' if change <= 0 else 'above'} the base"
    return f"the base: {figure_text(name, base)}"


def _of_training(history: Sequence[HistoryPoint]) -> list[Highlight]:
    if not history:
        return []
    found = []
    best = lowest_held_out(history)
    if best is not None and best.held_out_loss is not None:
        found.append(
            Highlight(
                name="Lowest held-out loss",
                value=f"{best.held_out_loss:.3f}",
                note=f"nats per token, at step {best.step:,}",
            )
        )
    last = history[-1]
    return [
        *found,
        Highlight(name="Steps", value=f"{last.step:,}"),
        Highlight(name="Epochs", value=plain_number(round(last.epoch, 2))),
        Highlight(name="Tokens read", value=f"{last.tokens:,}"),
    ]
