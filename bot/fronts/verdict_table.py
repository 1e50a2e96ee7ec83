"""The gate's verdict as a table: what was, what is, and what may be."""

from bot.fronts.tables import aligned, shortened
from bot.languages import Words, message
from finetune.gate.verdict import GateFigure, Verdict, value_text

__all__ = ["VERDICT_NUMBERS", "verdict_lines", "verdict_rows"]

VERDICT_NUMBERS = (2, 3, 4)
"""The columns that hold numbers."""

_LONGEST_TITLE = 28
_TITLES = {
    "loss": message("Loss of held-out jokes"),
    "auc": message("Ranks held-out votes"),
    "agreement": message("Agrees with held-out votes"),
    "complete": message("Complete"),
    "looping": message("Looping"),
    "distinct_2": message("Distinct word pairs"),
    "copied": message("Copied from training"),
    "near_duplicates": message("Nearly a training joke"),
    "offensive_family": message("Offensive before the filter"),
    "offensive_after_filter": message("Offensive after the filter"),
    "topic_told": message("On topic, as told"),
}


def verdict_rows(verdict: Verdict, words: Words) -> list[tuple[str, ...]]:
    """The heading and one row a figure: whether it passes, its title, old, new, limit."""
    heading = ("", "", words.say("old"), words.say("new"), words.say("limit"))
    return [heading, *(_row(figure, words) for figure in verdict.figures)]


def verdict_lines(verdict: Verdict, words: Words) -> list[str]:
    """The same in columns; empty for a version that could not even be measured."""
    if not verdict.figures:
        return []
    return aligned(verdict_rows(verdict, words), right=VERDICT_NUMBERS)


def _row(figure: GateFigure, words: Words) -> tuple[str, ...]:
    # A figure that a newer gate has and no catalogue knows is called what the gate calls it.
    known = _TITLES.get(figure.name)
    title = words.say(known) if known else figure.title
    bound = "≥" if figure.higher_is_better else "≤"
    return (
        "✓" if figure.passed else "✗",
        shortened(title, _LONGEST_TITLE),
        _value(figure.champion, figure),
        _value(figure.candidate, figure),
        "" if figure.limit is None else f"{bound} {_value(figure.limit, figure)}",
    )


def _value(value: float | None, figure: GateFigure) -> str:
    return "–" if value is None else value_text(value, share=figure.share)
