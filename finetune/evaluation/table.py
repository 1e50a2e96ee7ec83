"""Evaluations side by side, as a person reads them."""

from rich import box
from rich.table import Table
from rich.text import Text

from finetune.evaluation.bootstrap import Figure
from finetune.evaluation.metrics import LOSS_CHANGE, METRICS, Better, Metric
from finetune.evaluation.result import Comparison, Evaluation

__all__ = ["evaluation_table"]

_MARKS = {True: (" ▲", "green"), False: (" ▼", "red"), None: ("  ", "")}


def evaluation_table(comparison: Comparison) -> Table:
    """A row for each metric and a column for each version, the other one and the real jokes.

    ▲ and ▼ mark what is surely better or worse than in the other version: where the 95 % intervals
    do not overlap, and for the change of the loss where its interval leaves out zero.
    """
    table = Table(caption=_caption(comparison), caption_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for evaluation in comparison.everything:
        table.add_column(evaluation.name, justify="right", overflow="fold")
    for metric in METRICS:
        cells = [_cell(metric, evaluation, comparison) for evaluation in comparison.everything]
        if any(cell.plain for cell in cells):
            table.add_row(f"{metric.label}{', %' if metric.share else ''}", *cells)
    return table


def _caption(comparison: Comparison) -> str:
    shown = comparison.everything
    counts = ", ".join(f"{len(evaluation.texts):,}" for evaluation in shown)
    fewest = min(len(evaluation.texts) for evaluation in shown)
    lines = [
        f"Jokes judged: {counts}; for distinct-2 and self-BLEU: {fewest:,} each. "
        "In brackets: 95 % bootstrap intervals."
    ]
    if comparison.other:
        name = comparison.other.name
        lines.append(f"▲ better and ▼ worse than {name}; unmarked: not surely either.")
    missing: dict[str, dict[str, None]] = {}
    for evaluation in shown:
        for name, reason in evaluation.missing.items():
            missing.setdefault(reason, {})[_label(name)] = None
    lines += [f"Not measured: {'; '.join(labels)} ({why})." for why, labels in missing.items()]
    return "\n".join(lines)


def _label(name: str) -> str:
    return next(metric.label for metric in METRICS if metric.name == name)


def _cell(metric: Metric, evaluation: Evaluation, comparison: Comparison) -> Text:
    figure = evaluation.figures.get(metric.name)
    if figure is None:
        return Text("")
    cell = Text(metric.text(figure.value), style="bold")
    cell.append(f" [{metric.text(figure.low)}, {metric.text(figure.high)}]", style="dim not bold")
    if comparison.other and evaluation in comparison.versions:
        is_better = _is_better(metric, figure, comparison.other, comparison.real)
        cell.append(*_MARKS[is_better])
    return cell


def _is_better(metric: Metric, ours: Figure, other: Evaluation, real: Evaluation) -> bool | None:
    """Whether a figure is better than the other version's; None when nobody can be sure."""
    if metric.name == LOSS_CHANGE:
        return None if ours.low <= 0 <= ours.high else ours.value < 0
    theirs = other.figures.get(metric.name)
    if theirs is None or (ours.low <= theirs.high and theirs.low <= ours.high):
        return None
    if metric.better is Better.NEARER:
        target = real.figures[metric.name].value
        return abs(ours.value - target) < abs(theirs.value - target)
    return (ours.value > theirs.value) is (metric.better is Better.HIGHER)
