"""Draws a timeline: `python -m tests.campaigns.cluster.picture TIMELINE PICTURE`."""

from collections.abc import Sequence
from pathlib import Path

import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.measure import percentile
from tests.campaigns.cluster.timeline import Event, Second, read_timeline

__all__ = ["draw"]

_BLUE, _GREEN, _RED, _GREY = "#2171b5", "#238b45", "#cb181d", "#666666"
_WINDOW = 10
"""Seconds that a point of a curve looks back on."""


def draw(timeline: Path, picture: Path) -> None:
    """Jokes and votes a second, p95 and replicas over time, with what died marked."""
    seconds, events = read_timeline(timeline)
    figure = Figure(figsize=(9, 7.5), layout="constrained")
    rate, votes, wait, replicas = figure.subplots(4, sharex=True, height_ratios=(3, 2, 2, 1.5))
    moments = [each.second / 60 for each in seconds]
    rate.plot(moments, _mean([each.told for each in seconds]), color=_BLUE, linewidth=1.5)
    rate.set_ylabel("jokes a second")
    votes.plot(moments, _mean([each.votes for each in seconds]), color=_BLUE, linewidth=1.5)
    votes.set_ylabel("votes a second")
    wait.plot(moments, _p95(seconds), color=_BLUE, linewidth=1.5)
    wait.set_ylabel("p95 of the wait, s")
    running = [float("nan") if each.replicas is None else each.replicas for each in seconds]
    replicas.step(moments, running, color=_GREEN, linewidth=2, where="post")
    replicas.set_ylabel("replicas")
    replicas.set_yticks((0, 1, 2, 3))
    replicas.set_ylim(-0.2, 3.5)
    replicas.set_xlabel("minutes")
    for axes in (rate, votes, wait, replicas):
        _plain(axes)
        _mark(axes, events)
    for axes in (rate, votes, wait):
        axes.set_ylim(0)
    _name(rate, events)
    figure.savefig(picture)


def _mean(values: Sequence[int]) -> list[float]:
    windows = [values[max(0, end - _WINDOW) : end] for end in range(1, len(values) + 1)]
    return [sum(window) / len(window) for window in windows]


def _p95(seconds: Sequence[Second]) -> list[float]:
    """Of the jokes told in a window; nothing where there was none."""
    curve = []
    for end in range(1, len(seconds) + 1):
        window = seconds[max(0, end - _WINDOW) : end]
        waits = [wait for each in window for wait in each.waits]
        curve.append(percentile(waits, 95) if waits else float("nan"))
    return curve


def _blows(events: Sequence[Event]) -> list[Event]:
    return [each for each in events if each.is_blow]


def _mark(axes: Axes, events: Sequence[Event]) -> None:
    for each in _blows(events):
        axes.axvline(each.at / 60, color=_RED, linewidth=0.9, linestyle="--")
    for each in events:
        if each.event in ("rush", "quiet"):
            axes.axvline(each.at / 60, color=_GREY, linewidth=0.9, linestyle=":")


def _name(axes: Axes, events: Sequence[Event]) -> None:
    """Say above the uppermost curves what each line is."""
    named = [(each, _RED) for each in _blows(events)]
    named += [(each, _GREY) for each in events if each.event in ("rush", "quiet")]
    for each, colour in named:
        axes.annotate(
            each.event,
            (each.at / 60, 1.02),
            xycoords=("data", "axes fraction"),
            rotation=40,
            color=colour,
            fontsize=9,
        )


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e5e5e5", linewidth=0.8)
    axes.set_axisbelow(True)


if __name__ == "__main__":
    typer.run(draw)
