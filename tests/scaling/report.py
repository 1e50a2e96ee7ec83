"""The marked blocks of docs/scaling.md, made of results; nothing in them is written by hand."""

import re
from collections.abc import Mapping

import numpy as np

from bot.settings.sections import QueueSettings
from tests.scaling.assumptions import LIMITS, PRICES, STATED, Habits
from tests.scaling.costs import ceilings, platforms, purse, rows
from tests.scaling.hardware import TOKENS_A_SECOND, MeasuredSteps
from tests.scaling.measured import Measured
from tests.scaling.results import SIZES, Figures, Results
from tests.scaling.sizing import TARGET

__all__ = ["blocks", "insert"]

_BENCHMARK = {"jokes_a_minute": 446.0, "p50": 3.6, "p95": 5.1}
"""docs/performance.md, 32 members at once."""


def insert(document: str, made: Mapping[str, str]) -> str:
    """The document with each marked block replaced; raises `ValueError` for one that is missing."""
    for name, text in made.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        document, found = re.subn(
            pattern, lambda marks, text=text: marks[1] + text + marks[2], document, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"the document has {found} blocks named {name}")
    return document


def blocks(results: Results, measured: Measured) -> dict[str, str]:
    """All blocks by name."""
    return {
        "answers": _answers(results, measured),
        "full": _full(results, measured),
        "what-if": _what_if(results),
        "one-worker": _one_worker(results),
        "benchmark": _benchmark(results),
        "jokes": _jokes(measured),
        "assumed": _assumed(),
    }


def _table(heads: list[str], lines: list[list[str]], *, words: int = 1) -> str:
    """Markdown; the first columns are words, the others figures."""
    ruler = ["---"] * words + ["---:"] * (len(heads) - words)
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, ruler, *lines])


def _number(value: float) -> str:
    """Two digits that count, or all before the point."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):,g}"


def _many(value: float) -> str:
    billion = 1e9
    if value < billion:
        return f"{_number(value / 1e6)} million"
    return f"{_number(value / billion)} billion"


def _share(value: float) -> str:
    return f"{100 * value:.2g} %" if value else "0"


def _figures(results: Results, scenario: str, kind: str) -> list[Figures]:
    """For each size in turn."""
    found = {
        point.communities: point.figures
        for point in results.sizes
        if (point.scenario, point.kind) == (scenario, kind)
    }
    return [found[size] for size in SIZES]


def _answers(results: Results, measured: Measured) -> str:
    habits = Habits()
    load = [rows(habits, measured.stored, communities=size) for size in SIZES]
    seen = [platforms(habits, LIMITS, communities=size) for size in SIZES]
    mean = [habits.requests_a_second(size, peak=False) for size in SIZES]
    cpu, *gpus = results.alone
    lines = [
        ["jokes a second, on average", *map(_number, mean)],
        ["… in the busiest hour", *(_number(each.jokes_a_second) for each in load)],
        ["votes a second then", *(_number(each.votes_a_second) for each in load)],
    ]
    for kind in results.alone:
        figures = _figures(results, "as assumed", kind)
        what = "" if kind == cpu else ", GPT-2 medium (assumed)"
        lines.append([f"**workers: {kind}**{what}", *(f"**{f.workers}**" for f in figures)])
    figures = _figures(results, "as assumed", cpu)
    lines += [
        [f"p95 from asking to the joke, {cpu}", *(f"{f.p95:.1f} s" for f in figures)],
        ["refused", *(_share(f.refused) for f in figures)],
        ["answered by the shelf", *(_share(f.shelved) for f in figures)],
        ["database rows a year", *(_many(each.rows_a_year) for each in load)],
        ["gigabytes a year", *(_number(each.gigabytes_a_year) for each in load)],
        ["Discord shards", *(f"{each.shards:,}" for each in seen)],
        ["seconds until all are connected", *(f"{each.start_seconds:,.0f}" for each in seen)],
        [
            f"Discord, requests a second (of {LIMITS.discord_requests_a_second:g})",
            *(_number(each.discord_requests) for each in seen),
        ],
        [
            f"Telegram, messages a second (of {LIMITS.telegram_messages_a_second:g})",
            *(_number(each.telegram_messages) for each in seen),
        ],
    ]
    prices = {cpu: PRICES.worker_hour} | {gpu.name: gpu.dollars for gpu in PRICES.gpus}
    for kind in (cpu, *gpus):
        bills = [
            purse(
                each,
                PRICES,
                STATED,
                guilds=size * habits.on_discord,
                workers=f.workers,
                hour=prices[kind],
                local=kind == cpu,
            )
            for size, each, f in zip(
                SIZES, load, _figures(results, "as assumed", kind), strict=True
            )
        ]
        if kind == cpu:
            lines.append(["bot processes", *(str(bill.processes) for bill in bills)])
        lines.append([f"**dollars a month**, {kind}", *(f"{bill.total:,.0f}" for bill in bills)])
    return _table(["communities", *(f"{size:,}" for size in SIZES)], lines)


def _full(results: Results, measured: Measured) -> str:
    found = ceilings(
        Habits(),
        STATED,
        LIMITS,
        stored=measured.stored,
        workers={name: figures.rate for name, figures in results.alone.items()},
    )
    lines = [[each.part, _number(_rounded(each.communities)), each.change] for each in found]
    table = _table(["what is full", "communities", "what to change then"], lines)
    return table.replace("| --- | ---: | ---: |", "| --- | ---: | --- |")


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _what_if(results: Results) -> str:
    cpu, gpu, *_ = results.alone
    scenarios = list(dict.fromkeys(point.scenario for point in results.sizes))
    known = {(point.scenario, point.kind) for point in results.sizes}
    lines = []
    for scenario in scenarios:
        cells = [
            str(f.workers)
            for kind in (cpu, gpu)
            if (scenario, kind) in known
            for f in _figures(results, scenario, kind)
        ]
        lines.append([scenario, *["–"] * (2 * len(SIZES) - len(cells)), *cells])
    heads = [f"{size:,}: {kind}" for kind in (cpu, gpu) for size in SIZES]
    return _table(["workers for", *heads], lines)


def _one_worker(results: Results) -> str:
    each = Habits().requests_a_second(1, peak=True)
    prices = {gpu.name: gpu.dollars for gpu in PRICES.gpus}
    lines = [
        [
            kind,
            "GPT-2 medium, assumed" if kind in prices else "starter, measured",
            f"{figures.rate:.1f}",
            _number(_rounded(figures.rate / each)),
            f"{figures.p50:.1f} s / {figures.p95:.1f} s",
            _share(figures.refused),
            f"{QueueSettings().capacity / figures.rate:.1f} s",
            f"{1e6 * prices.get(kind, PRICES.worker_hour) / 3600 / figures.rate:,.0f}",
        ]
        for kind, figures in results.alone.items()
    ]
    heads = [
        "worker",
        "model",
        "jokes a second",
        "communities",
        "p50 / p95",
        "refused",
        "line",
        "dollars a million",
    ]
    cpu = next(iter(results.alone.values()))
    reading = cpu.rate * MeasuredSteps().read(1)
    return _table(heads, lines, words=2) + (
        f"\nReading prompts, which stops all who decode, is up to {_share(reading)} of a full CPU "
        f"worker's time.\n"
    )


def _benchmark(results: Results) -> str:
    lines = [
        ["measured", *_members_row(_BENCHMARK)],
        ["simulated", *_members_row(results.members)],
    ]
    heads = ["32 members, two jokes each", "jokes a minute", "p50", "p95"]
    return _table(heads, lines)


def _members_row(figures: Mapping[str, float]) -> list[str]:
    seconds = (f"{figures[name]:.1f} s" for name in ("p50", "p95"))
    return [f"{figures['jokes_a_minute']:.0f}", *seconds]


def _jokes(measured: Measured) -> str:
    draws = np.array(measured.draws)
    longest = draws.max(axis=1)
    tens, half, nines = np.percentile(draws, [10, 50, 90])
    stored = measured.stored
    speeds = ", ".join(f"{speed:,.0f} at {rows}" for rows, speed in TOKENS_A_SECOND.items())
    return (
        f"- A candidate of the starter has {draws.mean():.0f} tokens on average, its end included "
        f"(one in ten under {tens:.0f}, half under {half:.0f}, nine in ten under {nines:.0f}; "
        f"{draws.size} candidates), the longest of four {longest.mean():.0f}.\n"
        f"- {_share(measured.unfit)} of the candidates may not be told, and all four of a request "
        f"in {measured.redrawn * len(draws):.0f} of {len(draws)} requests: such a request gets "
        f"another round, in front of the line.\n"
        f"- A joke takes {stored.joke:,.0f} bytes of SQLite's file with the message that shows it, "
        f"indexes and {stored.features:,.0f} bytes of features; a vote {stored.vote:,.0f}.\n"
        f"- Tokens a second of the engine by requests at once, from "
        f"[performance](performance.md): {speeds}.\n"
    )


def _assumed() -> str:
    habits = Habits()
    page = "[Hugging Face Inference Endpoints][endpoints], AWS"
    lines = [
        ["active members of a community", f"{habits.active_members:g} on average, log-normal", ""],
        ["jokes a member and day", f"{habits.jokes_a_member:g}", ""],
        ["the busiest hour", f"{habits.peak:.1f} times the average one", "one region's evening"],
        [
            "further jokes a joke provokes",
            f"{habits.provoked:g}, after {habits.provoked_after_seconds:g} s",
            "a Hawkes process in each community",
        ],
        ["requests without a topic", _share(habits.without_topic), ""],
        ["votes a joke", f"{habits.votes_a_joke:g}", ""],
        ["Discord guilds", _share(habits.on_discord), "the others are Telegram chats"],
        [
            "good enough",
            f"p95 {TARGET.p95_seconds:g} s, {_share(TARGET.refused)} refused, "
            f"workers {_share(TARGET.busy)} busy",
            "in the busiest hour",
        ],
        [
            "a GPU's step",
            f"{1000 * STATED.gpu_step_seconds:g} ms, and memory at "
            f"{_share(STATED.gpu_efficiency)} of the data sheet",
            f"{STATED.gpu_slots} slots; **not measured**",
        ],
        *(
            [
                f"{gpu.name}",
                f"{gpu.bandwidth / 1e9:,.0f} GB/s, {gpu.operations / 1e12:,.0f} TFLOP/s",
                "data sheet",
            ]
            for gpu in PRICES.gpus
        ),
        ["an hour of 4 vCPUs (2 cores)", f"${PRICES.worker_hour:g}", page],
        *([f"an hour of one {gpu.name}", f"${gpu.dollars:g}", page] for gpu in PRICES.gpus),
        [
            "an hour of PostgreSQL",
            f"${PRICES.database_hour:g}",
            "[db.t4g.medium][rds], one whatever the size",
        ],
        ["a gigabyte and month of it", f"${PRICES.gigabyte_month:g}", "[gp3][storage]"],
        [
            "guilds of one bot process",
            f"{STATED.guilds_a_process:,.0f}",
            "by its memory; **not measured**",
        ],
        [
            "PostgreSQL's writes",
            "left out of what is full"
            if STATED.postgresql_jokes_a_second is None
            else f"{STATED.postgresql_jokes_a_second:,.0f} jokes a second",
            "**not measured here**" if STATED.postgresql_jokes_a_second is None else "",
        ],
    ]
    table = _table(["what", "assumed", "source"], lines)
    return table.replace("| --- | ---: | ---: |", "| --- | --- | --- |")
