"""The curves of a training run as SVG that takes its colours from the page around it."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from finetune.report.content import HistoryPoint
from finetune.report.numbers import plain_number

__all__ = ["Chart", "learning_rate_chart", "loss_chart", "lowest_held_out"]

# matplotlib wants colours; each of these stands for a variable of the page's style sheet.
_INK, _FAINT, _TRAINING, _HELD_OUT = "#010201", "#010202", "#010203", "#010204"
_VARIABLES = {
    _INK: "var(--quiet)",
    _FAINT: "var(--line)",
    _TRAINING: "var(--training)",
    _HELD_OUT: "var(--held-out)",
}
_COLOURS = re.compile("|".join(_VARIABLES))
_POINTS = 300
_MARKED = 40
_WIDTH = 6.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """An SVG element and what it shows in words."""

    svg: str
    description: str


def lowest_held_out(history: Sequence[HistoryPoint]) -> HistoryPoint | None:
    """The point with the lowest held-out loss."""
    points = [point for point in history if point.held_out_loss is not None]
    return min(points, key=lambda point: point.held_out_loss or 0.0, default=None)


def loss_chart(history: Sequence[HistoryPoint]) -> Chart | None:
    """Training and held-out loss over steps, or None when neither was noted."""
    training = _series(history, lambda point: point.loss)
    held_out = _series(history, lambda point: point.held_out_loss)
    if not training and not held_out:
        return None

    def draw(axes: Axes) -> None:
        if training:
            axes.plot(*_columns(_thinned(training)), color=_TRAINING, linewidth=1.5)
        if held_out:
            marker = "o" if len(held_out) <= _MARKED else ""
            columns = _columns(_thinned(held_out))
            axes.plot(*columns, color=_HELD_OUT, linewidth=2, marker=marker, markersize=4)
        axes.yaxis.set_major_locator(MaxNLocator(5))

    parts = [_falls("Training loss", training), _falls("Held-out loss", held_out)]
    best = lowest_held_out(history)
    if best is not None and best.held_out_loss is not None:
        parts.append(f"It is lowest at step {best.step:,} with {best.held_out_loss:.3f}.")
    return Chart(svg=_svg(draw, name="loss", height=2.7), description=" ".join(filter(None, parts)))


def learning_rate_chart(history: Sequence[HistoryPoint]) -> Chart | None:
    """The learning rate over steps, small, or None when it was not noted."""
    rates = _series(history, lambda point: point.learning_rate)
    if not rates:
        return None

    def draw(axes: Axes) -> None:
        axes.plot(*_columns(_thinned(rates)), color=_INK, linewidth=1.5)
        axes.set_ylim(bottom=0)
        axes.set_yticks([0, highest], ["0", f"{highest:.2g}"])

    highest = max(value for _, value in rates)
    return Chart(
        svg=_svg(draw, name="rate", height=1.1),
        description=f"Learning rate: highest {highest:.2g}, at the end {rates[-1][1]:.2g}.",
    )


def _series(
    history: Sequence[HistoryPoint], read: Callable[[HistoryPoint], float | None]
) -> list[tuple[float, float]]:
    points = ((float(point.step), read(point)) for point in history)
    return [(step, value) for step, value in points if value is not None]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `_POINTS` points, each the mean of its neighbours, so that the page stays small."""
    size = -(-len(points) // _POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(fmean(step for step, _ in group), fmean(y for _, y in group)) for group in groups]


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [value for _, value in points]


def _falls(name: str, points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return ""
    (first_step, first), (last_step, last) = points[0], points[-1]
    return (
        f"{name} goes from {first:.3f} at step {first_step:,.0f} "
        f"to {last:.3f} at step {last_step:,.0f}."
    )


def _svg(draw: Callable[[Axes], None], *, name: str, height: float) -> str:
    """The drawing as an SVG element without metadata, every id beginning with `name`."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": 10}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _calm(axes)
        draw(axes)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    # The page says in words what the drawing shows, and gives it the width there is.
    svg = re.sub(r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>', _opening, svg, count=1, flags=re.DOTALL)
    return _COLOURS.sub(lambda colour: _VARIABLES[colour.group()], svg)


def _opening(tag: "re.Match[str]") -> str:
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {xlink} {tag.group(1)} aria-hidden="true">'


def _calm(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0)
    axes.xaxis.label.set_color(_INK)
    axes.set_xlabel("step")
    axes.margins(x=0.01)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: plain_number(int(step))))
