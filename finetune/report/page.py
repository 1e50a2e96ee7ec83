"""The report of a version as one HTML page that needs nothing from outside itself."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from finetune.durable import write_whole
from finetune.report.content import HistoryPoint, ReportContent
from finetune.report.curves import learning_rate_chart, loss_chart
from finetune.report.highlights import highlights
from finetune.report.numbers import moment
from finetune.report.rendering import render
from finetune.report.tables import metric_table, tables_of

__all__ = ["write_report"]

_EVALUATIONS = 50


def write_report(path: Path, content: ReportContent) -> None:
    """Write the page: figures, curves, samples, data and settings. Raises `OSError`.

    The same content always gives the same bytes.
    """
    page = render(
        "page.html.jinja",
        {
            "content": content,
            "made": moment(content.created),
            "highlights": highlights(content),
            "loss": loss_chart(content.history),
            "rate": learning_rate_chart(content.history),
            "held_out": _held_out(content.history),
            "metrics": metric_table(content.metrics),
            "data": tables_of(content.data, caption="The corpus"),
            "recipe": tables_of(content.recipe, caption="Training"),
            "environment": tables_of(content.environment, caption="Made with"),
            "drawing": Markup,
        },
    )
    write_whole(path, page)


def _held_out(history: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """The points with a held-out loss, or every so many of them up to the last."""
    points = [point for point in history if point.held_out_loss is not None]
    every = max(1, -(-len(points) // _EVALUATIONS))
    return points[::-1][::every][::-1]
