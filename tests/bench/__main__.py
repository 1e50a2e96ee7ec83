"""`make bench`: what service and idle work cost, how fast engine and training are, in one run."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.generation.cluster.ray_cluster import has_ray
from bot.generation.native.compiling import can_multiply_bytes
from bot.model import BaseModelError, ServedModel, prepared_model
from bot.settings import load_settings
from tests.bench.database import database_for_bench
from tests.bench.idle_work import measure_idle_work
from tests.bench.machine import describe_machine
from tests.bench.preparing import measure_preparing
from tests.bench.ray_overhead import measure_ray
from tests.bench.report import (
    beside_table,
    candidates_table,
    engine_table,
    idle_table,
    latency_table,
    members_table,
    preparing_table,
    quality_table,
    rate_table,
    ray_table,
    training_table,
)
from tests.bench.results import timestamp, write_results
from tests.bench.service_overhead import CONCURRENCY, measure_service

_RESULTS = Path("bench-results")
_FEW_ROWS, _MANY_ROWS = 50_000, 1_000_000


class Part(StrEnum):
    """What can be measured by itself."""

    SERVICE = "service"
    ENGINE = "engine"
    QUALITY = "quality"
    CANDIDATES = "candidates"
    IDLE = "idle"
    MEMBERS = "members"
    TRAINING = "training"
    RAY = "ray"
    PREPARE = "prepare"
    TRAINING_BESIDE = "training-beside"


def bench(  # noqa: C901, PLR0915 - one part after another, each a few lines
    *,
    only: Annotated[Part | None, typer.Option(help="Measure only this part.")] = None,
    base: Annotated[str, typer.Option(help="Base model for the engine.")] = "starter",
    jokes: Annotated[
        Path | None, typer.Option(help="Jokes, one a line, for the quality.", exists=True)
    ] = None,
    database: Annotated[
        str,
        typer.Option(
            help='Where the service remembers: "sqlite", "postgresql" for one that is started here,'
            " or the URL of an empty database."
        ),
    ] = "sqlite",
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 5,
    rows: Annotated[
        int | None, typer.Option(min=100, help="Rows to prepare; a million with --only prepare.")
    ] = None,
    source: Annotated[
        list[Path] | None, typer.Option(help="Files to prepare in place of them.", exists=True)
    ] = None,
    processes: Annotated[int, typer.Option(min=0, help="That prepare; 0: all cores.")] = 0,
    seconds: Annotated[
        float, typer.Option(min=1, help="That members ask for beside each way of training.")
    ] = 60.0,
    defaults_only: Annotated[
        bool, typer.Option("--defaults-only", help="Train beside members with the defaults alone.")
    ] = False,
) -> None:
    """Measure Punchline on this machine, print tables and write the raw numbers as JSON."""
    screen, progress = Console(), Console(stderr=True)
    results: dict[str, Any] = {"machine": describe_machine(), "rounds": rounds}

    def say(sentence: str) -> None:
        progress.print(f"{sentence} …", style="dim", highlight=False)

    _RESULTS.mkdir(exist_ok=True)
    if only in (None, Part.SERVICE):
        with database_for_bench(database) as url:
            service = asyncio.run(
                measure_service(directory=_RESULTS, rounds=rounds, say=say, url=url)
            )
        results["database"] = database if url is None else "postgresql"
        results["service"] = [asdict(each) for each in service]
        screen.print(latency_table(service), rate_table(service, concurrency=CONCURRENCY))
    if only in (None, Part.PREPARE):
        if rows is None:
            rows = _FEW_ROWS if only is None else _MANY_ROWS
        preparing = measure_preparing(
            rows=rows, sources=source or (), processes=processes, scratch=_RESULTS, say=say
        )
        results["preparing"] = asdict(preparing)
        screen.print(preparing_table(preparing))
    if only not in (Part.SERVICE, Part.PREPARE):
        directory = _model(base, say=say).directory
    if only in (None, Part.IDLE):
        idle = asyncio.run(measure_idle_work(directory, name=base, rounds=rounds, say=say))
        results["idle"] = [asdict(each) for each in idle]
        screen.print(idle_table(idle))
    if only in (None, Part.ENGINE):
        # Only now, because torch beside the service would be measured with it.
        from tests.bench.engine_throughput import measure_engine

        engine = measure_engine(
            directory, name=base, rounds=rounds, scratch=_RESULTS / "engines", say=say
        )
        results["engine"] = asdict(engine)
        screen.print(engine_table(engine))
    if only in (None, Part.CANDIDATES):
        from tests.bench.candidates import CANDIDATES, measure_candidates

        drawn = measure_candidates(
            directory, name=base, rounds=rounds, scratch=_RESULTS / "engines", say=say
        )
        results["candidates"] = [asdict(each) for each in drawn]
        screen.print(candidates_table(drawn, candidates=CANDIDATES))
    if only in (None, Part.MEMBERS):
        from tests.bench.members import MEMBERS, measure_members

        members = asyncio.run(
            measure_members(directory, name=base, rounds=rounds, scratch=_RESULTS, say=say)
        )
        results["members"] = [asdict(each) for each in members]
        screen.print(members_table(members, members=MEMBERS))
    if only in (None, Part.QUALITY) and can_multiply_bytes():
        from tests.bench.served_quality import measure_quality

        quality = measure_quality(
            directory, name=base, jokes=jokes, scratch=_RESULTS / "engines", say=say
        )
        results["quality"] = [asdict(each) for each in quality]
        screen.print(quality_table(quality))
    if only in (None, Part.TRAINING):
        from tests.bench.training_throughput import measure_training

        training = measure_training(directory, name=base, rounds=rounds, say=say)
        results["training"] = asdict(training)
        screen.print(training_table(training))
    if only is Part.RAY or (only is None and has_ray()):
        rays = asyncio.run(
            measure_ray(directory, name=base, rounds=rounds, scratch=_RESULTS, say=say)
        )
        results["ray"] = [asdict(each) for each in rays]
        screen.print(ray_table(rays))
    if only is Part.TRAINING_BESIDE:
        from tests.bench.training_beside import DEFAULTS, KNOBS, measure_training_beside

        beside = measure_training_beside(
            _model(base, say=say),
            rounds=rounds,
            seconds=seconds,
            knobs={DEFAULTS: KNOBS[DEFAULTS]} if defaults_only else KNOBS,
            scratch=_RESULTS,
            say=say,
        )
        taught = asyncio.run(beside)
        results["training beside"] = asdict(taught)
        screen.print(beside_table(taught))
    results["load_after"] = os.getloadavg()
    path = _RESULTS / f"{timestamp()}.json"
    write_results(path, results)
    before, after = results["machine"]["load_before"][0], results["load_after"][0]
    machine = f"{results['machine']['processor']}, {results['machine']['cores']} cores"
    screen.print(f"{machine}; load {before:.1f} before, {after:.1f} after", highlight=False)
    screen.print(str(path), highlight=False, soft_wrap=True)


def _model(base: str, *, say: Callable[[str], None]) -> ServedModel:
    """The base model, made ready first if need be; exits when that cannot be."""
    chosen = {"PUNCHLINE_MODEL__BASE": base, "PUNCHLINE_MODEL__VERSION": "none"}
    settings = load_settings(path=None, environment={**os.environ, **chosen})
    said: set[str] = set()

    def advance(stage: str, step: int, of: int) -> None:
        if stage not in said:
            said.add(stage)
            say(f"preparing {base}: {stage}")

    try:
        return asyncio.run(prepared_model(settings, progress=advance))
    except BaseModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(bench)
