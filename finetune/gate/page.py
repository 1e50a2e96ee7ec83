"""The verdict as one HTML page that needs nothing from outside itself."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from finetune.durable import write_whole
from finetune.gate.verdict import GateFigure, Verdict, value_text
from finetune.report.content import HistoryPoint
from finetune.report.curves import loss_chart
from finetune.report.numbers import NOTHING
from finetune.report.rendering import render
from finetune.report.tables import Cell, Table

__all__ = ["write_page"]


def write_page(path: Path, verdict: Verdict, history: Sequence[HistoryPoint]) -> None:
    """Write the page: every figure with its limit, the curves, and pairs of jokes.

    The same content always gives the same bytes. Raises `OSError`.
    """
    page = render(
        "verdict.html.jinja",
        {
            "verdict": verdict,
            "figures": _table(verdict.figures),
            "loss": loss_chart(history),
            "drawing": Markup,
        },
    )
    write_whole(path, page)


def _table(figures: Sequence[GateFigure]) -> Table:
    return Table(
        caption="Figures with their limits; in small type what chance makes of the new one",
        head=["Figure", "Old", "New", "Limit", "Passes"],
        rows=[
            [
                Cell(text=figure.title, note=_better(figure)),
                _cell(figure, figure.champion),
                _cell(figure, figure.candidate, note=_interval(figure)),
                _cell(figure, figure.limit, note=_bound(figure)),
                Cell(text="yes" if figure.passed else "no"),
            ]
            for figure in figures
        ],
    )


def _better(figure: GateFigure) -> str:
    return f"{'higher' if figure.higher_is_better else 'lower'} is better"


def _bound(figure: GateFigure) -> str:
    if figure.limit is None:
        return "" if figure.candidate is None else "only shown"
    return "at least" if figure.higher_is_better else "at most"


def _interval(figure: GateFigure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    low, high = (value_text(end, share=figure.share) for end in (figure.low, figure.high))
    return f"{low} to {high}"


def _cell(figure: GateFigure, value: float | None, *, note: str = "") -> Cell:
    text = NOTHING if value is None else value_text(value, share=figure.share)
    return Cell(text=text, numeric=True, note=note)
