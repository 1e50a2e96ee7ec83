"""`make bench-gpu`: our engine on a GPU next to what transformers has, in one run."""

import logging
import os
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from tests.bench.gpu.bandwidth import copy_bandwidth
from tests.bench.gpu.contenders import OURS
from tests.bench.gpu.endurance import measure_endurance
from tests.bench.gpu.race import measure_race
from tests.bench.gpu.setting import Setting
from tests.bench.machine import describe_machine
from tests.bench.report import engine_table
from tests.bench.results import timestamp, write_results

_RESULTS = Path("bench-results")


def bench(
    device: Annotated[str, typer.Option(help="Where to run, cuda or cpu.")] = "cuda",
    small: Annotated[bool, typer.Option(help="A small model, to try the benchmark.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="How often all are measured.")] = 5,
    requests: Annotated[int, typer.Option(min=1, help="How many to watch memory over.")] = 10_000,
) -> None:
    """Measure tokens a second, the share of the device's bandwidth, and growth of memory."""
    if device == "cuda" and not torch.cuda.is_available():
        typer.echo(
            "There is no CUDA device here; try the benchmark itself with "
            "python -m tests.bench.gpu --device cpu --small.",
            err=True,
        )
        raise typer.Exit(1)
    screen, progress = Console(), Console(stderr=True)

    def say(sentence: str) -> None:
        progress.print(f"{sentence} …", style="dim", highlight=False)

    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)
    if small:
        # For so small a model, threads that wait for each other cost more than they compute.
        torch.set_num_threads(1)
    where = torch.device(device)
    setting = Setting(
        device=where, small=small, concurrencies=(1, 4, 16) if small else (1, 16, 128)
    )
    results: dict[str, Any] = {"machine": {**describe_machine(), "gpu": _gpu(where)}}
    # Before the race, in which a peer takes hold of much of the memory.
    endurance = measure_endurance(setting, requests=requests, say=say)
    results["endurance"] = {**asdict(endurance), "grown": endurance.grown}
    bandwidth = copy_bandwidth(where)
    race, absent = measure_race(setting, rounds=rounds, say=say)
    results["race"], results["absent"] = asdict(race), absent
    alone = median(each.tokens_per_second[OURS] for each in race.rounds if each.concurrency == 1)
    achieved = alone * setting.bytes_a_token(setting.model())
    results["bandwidth"] = {"copied_a_second": bandwidth, "read_a_second_alone": achieved}
    results["load_after"] = os.getloadavg()
    screen.print(engine_table(race))
    for name, reason in absent.items():
        screen.print(f"Not measured: {name} ({reason})", highlight=False)
    screen.print(
        f"Alone: {achieved / 1e9:,.1f} GB/s of weights, keys and values read; the device copies "
        f"{bandwidth / 1e9:,.1f} GB/s; that is {100 * achieved / bandwidth:.0f} %",
        f"{endurance.requests:,} requests, {endurance.requests / endurance.seconds:,.0f} a second; "
        f"grown by MiB: "
        + ", ".join(f"{name} {grown / 2**20:+.1f}" for name, grown in endurance.grown.items()),
        sep="\n",
        highlight=False,
    )
    path = _RESULTS / f"{timestamp()}-gpu.json"
    write_results(path, results)
    screen.print(str(path), highlight=False, soft_wrap=True)


def _gpu(device: torch.device) -> dict[str, Any] | None:
    if device.type != "cuda":
        return None
    properties = torch.cuda.get_device_properties(device)
    return {
        "name": properties.name,
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "capability": torch.cuda.get_device_capability(device),
        "cuda": torch.version.cuda,
    }


if __name__ == "__main__":
    typer.run(bench)
