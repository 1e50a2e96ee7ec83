"""Figures for people: tables that can be read on a screen and through a pipe."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from tests.bench.measure import Spread, percentile
from tests.bench.results import EngineRun, ServiceRound, TrainingRun

__all__ = ["engine_table", "latency_table", "rate_table", "training_table"]


def latency_table(rounds: Sequence[ServiceRound]) -> Table:
    """How long one `tell` takes when nobody else asks, next to the disk it waits for."""
    table = _table("Service overhead, one request at a time", "ms", "p50", "p95", "p99")
    for name, values in (
        ("tell (two commits)", [value for each in rounds for value in each.tell_seconds]),
        ("disk flush of 4 KiB", [value for each in rounds for value in each.flush_seconds]),
    ):
        table.add_row(
            name, *(f"{1000 * percentile(values, percent):.2f}" for percent in (50, 95, 99))
        )
    return table


def rate_table(rounds: Sequence[ServiceRound], *, concurrency: int) -> Table:
    """What the service does in a second, and how late its event loop gets meanwhile."""
    table = _table(
        f"Service overhead, {concurrency} at once",
        *("", "a second: median (range)", "loop lag p99, ms", "worst, ms"),
    )
    jokes = [value for each in rounds for value in each.jokes_lag_seconds]
    votes = [value for each in rounds for value in each.votes_lag_seconds]
    for name, rates, late in (
        ("jokes", [each.jokes_per_second for each in rounds], jokes),
        ("votes", [each.votes_per_second for each in rounds], votes),
    ):
        table.add_row(
            name,
            Spread.of(rates).text(),
            f"{1000 * percentile(late, 99):.1f}",
            f"{1000 * max(late):.1f}",
        )
    return table


def engine_table(run: EngineRun) -> Table:
    """Tokens a second of both engines, and the ratio within each round."""
    table = _table(
        f"Engine throughput, tokens/s: {run.model}, {run.dtype} on {run.device}, "
        f"{run.new_tokens} tokens each",
        *("requests", "Punchline: median (range)", "generate: median (range)", "ratio (range)"),
    )
    for concurrency in sorted({each.concurrency for each in run.rounds}):
        rounds = [each for each in run.rounds if each.concurrency == concurrency]
        table.add_row(
            str(concurrency),
            Spread.of([each.ours for each in rounds]).text(),
            Spread.of([each.theirs for each in rounds]).text(),
            Spread.of([each.ours / each.theirs for each in rounds]).text(digits=2),
        )
    return table


def training_table(run: TrainingRun) -> Table:
    """Tokens a second of each trainer, and how much faster the first is within each round."""
    speeds = [each.tokens_per_second for each in run.rounds]
    first, *_ = speeds[0]
    table = _table(
        f"Training throughput, tokens/s: LoRA on {run.model}, {run.dtype} on {run.device}, "
        f"sequences of {run.sequence_tokens}",
        *("trainer", "median (range)", f"{first} is faster by (range)"),
    )
    for name in sorted(speeds[0]):
        table.add_row(
            name,
            Spread.of([each[name] for each in speeds]).text(),
            Spread.of([each[first] / each[name] for each in speeds]).text(digits=2),
        )
    return table


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table
