"""Figures for people: tables that can be read on a screen and through a pipe."""

from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.table import Table

from tests.bench.measure import Spread, percentile
from tests.bench.results import (
    BesideRun,
    CandidatesRound,
    EngineRun,
    IdleRound,
    MembersRound,
    MembersTurn,
    PreparingRun,
    QualityLine,
    RayRound,
    ServiceRound,
    TrainingRun,
)

__all__ = [
    "beside_table",
    "candidates_table",
    "engine_table",
    "idle_table",
    "latency_table",
    "members_table",
    "preparing_table",
    "quality_table",
    "rate_table",
    "ray_table",
    "training_table",
]


def latency_table(rounds: Sequence[ServiceRound]) -> Table:
    """How long one `tell` takes when nobody else asks, next to the disk it waits for."""
    table = _table("Service overhead, one request at a time", "ms", "p50", "p95", "p99")
    for name, values in (
        ("tell (two commits)", [value for each in rounds for value in each.tell_seconds]),
        ("tell from the shelf", [value for each in rounds for value in each.shelf_seconds]),
        ("disk flush of 4 KiB", [value for each in rounds for value in each.flush_seconds]),
    ):
        table.add_row(
            name, *(f"{1000 * percentile(values, percent):.2f}" for percent in (50, 95, 99))
        )
    return table


def ray_table(rounds: Sequence[RayRound]) -> Table:
    """What a request costs on its way to a replica, and what is left of the speed."""
    table = _table(
        "A worker here and a replica on Ray",
        *("", "one token: p50, ms", "p95, ms", "tokens/s together: median (range)", "of here"),
    )
    here = Spread.of([each.here.tokens_per_second for each in rounds])
    for name, turns in (
        ("a worker here", [each.here for each in rounds]),
        ("a replica on Ray", [each.ray for each in rounds]),
    ):
        seconds = [value for turn in turns for value in turn.token_seconds]
        speed = Spread.of([turn.tokens_per_second for turn in turns])
        table.add_row(
            name,
            *(f"{1000 * percentile(seconds, percent):.1f}" for percent in (50, 95)),
            speed.text(),
            f"{speed.median / here.median:.2f}",
        )
    return table


def rate_table(rounds: Sequence[ServiceRound], *, concurrency: int) -> Table:
    """What the service does in a second, and how late its event loop gets meanwhile."""
    table = _table(
        f"Service overhead, {concurrency} at once",
        *("", "a second: median (range)", "loop lag p99, ms", "worst, ms"),
    )
    jokes = [value for each in rounds for value in each.jokes_lag_seconds]
    shelf = [value for each in rounds for value in each.shelf_lag_seconds]
    votes = [value for each in rounds for value in each.votes_lag_seconds]
    for name, rates, late in (
        ("jokes", [each.jokes_per_second for each in rounds], jokes),
        ("jokes from the shelf", [each.shelf_per_second for each in rounds], shelf),
        ("votes", [each.votes_per_second for each in rounds], votes),
    ):
        table.add_row(
            name,
            Spread.of(rates).text(),
            f"{1000 * percentile(late, 99):.1f}",
            f"{1000 * max(late):.1f}",
        )
    return table


def beside_table(run: BesideRun) -> Table:
    """How long members wait beside each way of teaching, and how far that gets."""
    table = _table(
        f"{run.model} on {run.device}, {run.members} members who ask without a pause",
        *("training", "p50, s", "p95, s", "jokes a minute", "steps a minute"),
    )
    for kind in dict.fromkeys(each.kind for each in run.turns):
        turns = [each for each in run.turns if each.kind == kind]
        waits = [value for each in turns for value in each.seconds]
        minutes = sum(each.took_seconds for each in turns) / 60
        steps = [each.steps for each in turns if each.steps is not None]
        table.add_row(
            kind,
            f"{percentile(waits, 50):.2f}",
            f"{percentile(waits, 95):.2f}",
            f"{len(waits) / minutes:.0f}",
            f"{sum(steps) / minutes:.1f}" if steps else "",
        )
    return table


def preparing_table(run: PreparingRun) -> Table:
    """How fast rows become jokes of a corpus, and whether memory stays flat meanwhile."""
    table = _table(f"Preparing {run.rows:,} rows, of which {run.kept:,} are kept", "", "")
    table.add_row("rows a second", f"{run.rows / run.seconds:,.0f}")
    table.add_row("processor time a row, ms", f"{1000 * run.processor_seconds / run.rows:.2f}")
    for share in (0.1, 0.5, 1.0):
        held = run.samples[max(0, round(share * len(run.samples)) - 1)]
        name = f"resident memory at {share:.0%}, MiB"
        table.add_row(name, f"{held.resident_bytes / 2**20:,.0f}")
    most = max(each.resident_bytes for each in run.samples)
    table.add_row("at most, MiB", f"{most / 2**20:,.0f}")
    if run.growth_per_row is not None:
        growth = f"{100_000 * run.growth_per_row / 2**20:+.1f}"
        table.add_row("growth in the second half, MiB in 100,000 rows", growth)
    return table


def quality_table(lines: Sequence[QualityLine]) -> Table:
    """Loss of each way to serve, and how far its predictions are from float32's."""
    table = _table(
        f"Quality of what is served, {lines[0].tokens} tokens of jokes",
        *("", "loss, nats", "against generate", "KL to float32", "same first choice"),
    )
    usual = next(each.loss for each in lines if each.name == "generate")
    for each in lines:
        table.add_row(
            each.name,
            f"{each.loss:.4f}",
            f"{100 * (each.loss / usual - 1):+.2f} %",
            f"{each.divergence:.4f}",
            f"{100 * each.agreement:.1f} %",
        )
    return table


def engine_table(run: EngineRun) -> Table:
    """Tokens a second of each engine, and the first one's ratio to it within each round."""
    first, *others = run.rounds[0].tokens_per_second
    table = _table(
        f"Engine throughput, tokens/s: {run.model} on {run.device}, {run.new_tokens} tokens each",
        *("requests", "engine", "median (range)", f"{first} is faster by (range)"),
    )
    for concurrency in sorted({each.concurrency for each in run.rounds}):
        speeds = [each.tokens_per_second for each in run.rounds if each.concurrency == concurrency]
        for name in (first, *others):
            table.add_row(
                str(concurrency) if name == first else "", *_raced(speeds, first=first, name=name)
            )
    if run.absent:
        table.caption = f"Not measured: {', '.join(run.absent)}; pip install 'punchline[bench]'."
    return table


def candidates_table(rounds: Sequence[CandidatesRound], *, candidates: int) -> Table:
    """What a lone member waits for one candidate and for some."""
    table = _table("A lone request", "", "median (range)")
    for name, seconds in (
        ("one candidate, ms", [1000 * each.one_seconds for each in rounds]),
        (f"{candidates} candidates, ms", [1000 * each.some_seconds for each in rounds]),
    ):
        table.add_row(name, Spread.of(seconds).text())
    ratios = Spread.of([each.some_seconds / each.one_seconds for each in rounds])
    table.add_row("times as long", ratios.text(digits=2))
    return table


def idle_table(rounds: Sequence[IdleRound]) -> Table:
    """What a request waits for that comes while the shelf is being filled."""
    table = _table("Idle work, one request with four candidates", "ms", "median (range)")
    late = [each.during_seconds - each.alone_seconds for each in rounds]
    for name, seconds in (
        ("alone", [each.alone_seconds for each in rounds]),
        ("in the middle of a draw", [each.during_seconds for each in rounds]),
        ("later than alone, in the same round", late),
        ("a draw left alone", [each.draw_seconds for each in rounds]),
    ):
        table.add_row(name, Spread.of([1000 * each for each in seconds]).text())
    return table


def members_table(rounds: Sequence[MembersRound], *, members: int) -> Table:
    """Jokes a minute and how long a member waits, next to `generate` behind a lock."""
    table = _table(
        f"{members} members at once, medians of rounds (range)",
        *("", "Punchline", "generate behind a lock", "ratio"),
    )
    figures: dict[str, Callable[[MembersTurn], float]] = {
        "jokes a minute": lambda turn: turn.jokes_a_minute,
        "p50, s": lambda turn: percentile(turn.seconds, 50),
        "p95, s": lambda turn: percentile(turn.seconds, 95),
        "loop lag p99, ms": lambda turn: 1000 * percentile(turn.lag_seconds, 99),
    }
    for name, figure in figures.items():
        ours, theirs = [figure(each.ours) for each in rounds], [figure(e.theirs) for e in rounds]
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        table.add_row(
            name,
            Spread.of(ours).text(digits=1),
            Spread.of(theirs).text(digits=1),
            Spread.of(ratios).text(digits=2),
        )
    return table


def training_table(run: TrainingRun) -> Table:
    """Joke tokens a second of each contender, and how many times as fast each of ours is."""
    names = list(run.rounds[0].speeds)
    ours = [name for name in names if name.endswith("Punchline")]
    table = _table(
        f"Training throughput, joke tokens/s: {run.model}, {run.dtype} on {run.device}, "
        f"sequences of {run.sequence_tokens}",
        "",
        "median (range)",
        *(f"{name.partition(':')[0]}, times" for name in ours),
        *("padding", "ready, s"),
    )
    for name in names:
        speeds = [each.speeds[name] for each in run.rounds]
        table.add_row(
            name,
            Spread.of([each.joke_tokens for each in speeds]).text(),
            *(
                Spread.of(
                    [
                        each.speeds[own].joke_tokens / each.speeds[name].joke_tokens
                        for each in run.rounds
                    ]
                ).text(digits=2)
                for own in ours
            ),
            f"{100 * Spread.of([each.padding for each in speeds]).median:.1f} %",
            f"{Spread.of([each.ready_seconds for each in speeds]).median:.0f}",
        )
    return table


def _raced(speeds: Sequence[Mapping[str, float]], *, first: str, name: str) -> tuple[str, str, str]:
    """A contender's name, its speed, and how many times as fast the first was in the same round."""
    return (
        name,
        Spread.of([each[name] for each in speeds]).text(),
        Spread.of([each[first] / each[name] for each in speeds]).text(digits=2),
    )


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table
