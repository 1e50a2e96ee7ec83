"""The verdict as a picture for a chat: how the candidate learned, and old against new."""

import io
from collections.abc import Callable, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from finetune.gate.verdict import GateFigure, Verdict, value_text
from finetune.report.content import HistoryPoint

__all__ = ["picture", "room_used"]

_INK, _QUIET, _PAPER, _LINE = "#1d2126", "#5d656e", "#fdfcf9", "#e3e1db"
_TRAINING, _HELD_OUT = "#7f97ad", "#b4560f"
_GOOD, _BAD = "#3f7d58", "#b3261e"
_INCHES, _DOTS = (10.0, 6.0), 100
_NARROW, _WIDE = 1.0, 1.5
_LEFT, _RIGHT = -1.0, 1.6


def picture(verdict: Verdict, history: Sequence[HistoryPoint]) -> bytes:
    """A PNG of 1000 x 600 pixels; the same content always gives the same bytes."""
    plain = rc_context(
        {
            "font.size": 10,
            "text.color": _INK,
            "axes.labelcolor": _QUIET,
            "text.parse_math": False,  # nor is a dollar in a name a formula
        }
    )
    with plain:
        figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained", facecolor=_PAPER)
        FigureCanvasAgg(figure)
        _title(figure, verdict)
        measured = [each for each in verdict.figures if room_used(each, each.candidate) is not None]
        if measured:
            left, right = figure.subplots(1, 2, width_ratios=[_NARROW, _WIDE])
            _draw_learning(left, verdict, history)
            _draw_figures(right, measured)
        else:
            _draw_learning(figure.subplots(), verdict, history)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def room_used(figure: GateFigure, value: float | None) -> float | None:
    """How much of what is allowed a value uses: 0 is like the champion, 1 is at the limit.

    Where the champion has no value of its own, 0 is the best there is. None without a limit.
    """
    if figure.limit is None or value is None:
        return None
    best = 1.0 if figure.higher_is_better else 0.0
    start = best if figure.champion is None else figure.champion
    allowed = abs(figure.limit - start)
    worse = start - value if figure.higher_is_better else value - start
    if allowed:
        return worse / allowed
    return 0.0 if worse <= 0 else float("inf")


def _title(figure: Figure, verdict: Verdict) -> None:
    colour, word = (_GOOD, "passes") if verdict.passed else (_BAD, "does not pass")
    title = f"{verdict.candidate} {word} beside {verdict.champion}"
    figure.suptitle(title, x=0.01, ha="left", color=colour, fontsize=15, weight="bold")


def _draw_learning(axes: Axes, verdict: Verdict, history: Sequence[HistoryPoint]) -> None:
    """Losses over the steps of training, or only old and new where no step was noted."""
    _calm(axes)
    training = _points(history, lambda point: point.loss)
    held_out = _points(history, lambda point: point.held_out_loss)
    if not training and not held_out:
        _draw_losses(axes, verdict)
        return
    axes.set_title("How it learned", loc="left", fontsize=11)
    axes.grid(axis="y", color=_LINE)
    axes.plot(*training, color=_TRAINING, linewidth=1.3, label="training")
    axes.plot(*held_out, color=_HELD_OUT, linewidth=2, marker="o", markersize=4, label="held out")
    if held_out and held_out[0][0] == 0:
        axes.axhline(held_out[1][0], color=_HELD_OUT, linewidth=1, linestyle=":", label="before")
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats per token")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(frameon=False, loc="upper right", labelcolor=_QUIET)


def _draw_losses(axes: Axes, verdict: Verdict) -> None:
    loss = next((figure for figure in verdict.figures if figure.name == "loss"), None)
    if loss is None or loss.champion is None or loss.candidate is None:
        axes.set_axis_off()
        text = "\n".join(verdict.reasons) or "Nothing is known of how it learned."
        axes.text(0, 0.9, text, wrap=True, va="top", fontsize=12, transform=axes.transAxes)
        return
    axes.set_title(f"{loss.title}, nats per character", loc="left", fontsize=11)
    bars = axes.bar(
        ["champion", "candidate"], [loss.champion, loss.candidate], color=[_TRAINING, _HELD_OUT]
    )
    axes.bar_label(bars, fmt="%.3f", color=_INK)
    axes.set_yticks([])


def _draw_figures(axes: Axes, figures: Sequence[GateFigure]) -> None:
    """A bar a figure, how much of what is allowed it uses, with what chance makes of it."""
    _calm(axes)
    axes.set_title("Old → new: how much of what is allowed it uses", loc="left", fontsize=11)
    axes.set_xlim(_LEFT, _RIGHT)
    axes.set_ylim(len(figures) - 0.4, -0.8)
    axes.axvline(0, color=_QUIET, linewidth=1)
    axes.axvline(1, color=_BAD, linewidth=1.5, linestyle="--")
    axes.set_xticks([_LEFT, 0, 1], ["better", "champion", "limit"])
    axes.set_yticks(range(len(figures)), [figure.title for figure in figures], color=_INK)
    for row, figure in enumerate(figures):
        colour = _GOOD if figure.passed else _BAD
        ends = [_clipped(figure, end) for end in (figure.low, figure.high)]
        axes.barh(row, _clipped(figure, figure.candidate), height=0.5, color=colour, alpha=0.85)
        axes.plot(ends, [row, row], color=_INK, linewidth=1, solid_capstyle="butt")
        axes.annotate(
            _old_and_new(figure),
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=colour if not figure.passed else _INK,
            weight="bold" if not figure.passed else "normal",
            annotation_clip=False,
        )


def _clipped(figure: GateFigure, value: float | None) -> float:
    return min(_RIGHT, max(_LEFT, room_used(figure, value) or 0.0))


def _old_and_new(figure: GateFigure) -> str:
    shown = [
        value_text(value, share=figure.share)
        for value in (figure.champion, figure.candidate)
        if value is not None
    ]
    return f"{' → '.join(shown)} {'✓' if figure.passed else '✗'}"


def _points(
    history: Sequence[HistoryPoint], read: Callable[[HistoryPoint], float | None]
) -> tuple[list[int], list[float]] | tuple[()]:
    found = [(point.step, value) for point in history if (value := read(point)) is not None]
    return ([step for step, _ in found], [value for _, value in found]) if found else ()


def _calm(axes: Axes) -> None:
    axes.set_facecolor(_PAPER)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.tick_params(colors=_QUIET, length=0)
