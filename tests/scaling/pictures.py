"""The two pictures of docs/scaling.md."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tests.scaling.assumptions import LIMITS, STATED, Habits
from tests.scaling.costs import Ceiling, ceilings
from tests.scaling.measured import Measured
from tests.scaling.results import SIZES, Results
from tests.scaling.sizing import TARGET, Figures

__all__ = ["draw"]

_COLOURS = ("#9ecae1", "#4292c6", "#2171b5", "#08306b")
_BAR, _ASSUMED, _GREY, _RED = "#2171b5", "#9ecae1", "#666666", "#cb181d"
_LONGEST_WAIT = 10.0
_MILLION = 1_000_000


def draw(results: Results, measured: Measured, *, into: Path) -> None:
    """Write both as PNG."""
    into.mkdir(parents=True, exist_ok=True)
    _draw_waits(results.curves, into / "scaling-waits.png")
    workers = {name: figures.rate for name, figures in results.alone.items()}
    found = ceilings(Habits(), STATED, LIMITS, stored=measured.stored, workers=workers)
    _draw_ceilings(found, into / "scaling-ceilings.png")


def _draw_waits(curves: Sequence[Figures], path: Path) -> None:
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for colour, workers in zip(_COLOURS, sorted({each.workers for each in curves}), strict=True):
        line = sorted((each.rate, each.p95) for each in curves if each.workers == workers)
        rates, waits = zip(*line, strict=True)
        name = f"{workers} worker{'s' * (workers > 1)}"
        axes.plot(rates, waits, color=colour, marker="o", markersize=3.5, linewidth=2, label=name)
    axes.axhline(TARGET.p95_seconds, color=_RED, linewidth=1, linestyle="--")
    axes.annotate(
        f"good enough: {TARGET.p95_seconds:g} s",
        (0.87, TARGET.p95_seconds),
        xycoords=("axes fraction", "data"),
        xytext=(-6, 4),
        textcoords="offset points",
        ha="right",
        color=_RED,
        fontsize=9,
    )
    axes.set_ylim(0, _LONGEST_WAIT)
    axes.set_xlim(0)
    axes.set_xlabel("jokes asked for in a second, four candidates each")
    axes.set_ylabel("p95 from asking to the joke, seconds")
    axes.set_title("Workers of 2 CPU cores, no shelf", loc="left", fontsize=11)
    _plain(axes)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.67, 1))
    figure.savefig(path, dpi=110)


def _draw_ceilings(found: Sequence[Ceiling], path: Path) -> None:
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    names = [each.part.replace(": it is refilled after five quiet seconds", "") for each in found]
    colours = [_ASSUMED if "assumed" in name else _BAR for name in names]
    axes.barh(names, [each.communities for each in found], color=colours, height=0.65)
    for place, each in enumerate(found):
        axes.annotate(
            f"{float(f'{each.communities:.2g}'):,.0f}",
            (each.communities, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_xscale("log")
    axes.set_xlim(100, 5 * max(each.communities for each in found))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    for size in SIZES[1:]:
        axes.axvline(size, color=_GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.invert_yaxis()
    axes.set_xlabel("communities at which it is full in the busiest hour")
    axes.set_title("What is full first", loc="left", fontsize=11)
    _plain(axes)
    axes.grid(visible=False, axis="y")
    figure.savefig(path, dpi=110)


def _short(value: float) -> str:
    return f"{value / _MILLION:g} million" if value >= _MILLION else f"{value:,.0f}"


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e5e5e5", linewidth=0.8)
    axes.set_axisbelow(True)
