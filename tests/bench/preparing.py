"""Rows a second of `python -m finetune prepare`, and what all its processes keep in memory."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from finetune.corpus.corpus import open_corpus
from tests.bench.many_rows import write_rows
from tests.bench.results import MemorySample, PreparingRun

__all__ = ["measure_preparing"]


def measure_preparing(
    *,
    rows: int,
    sources: Sequence[Path],
    processes: int,
    scratch: Path,
    say: Callable[[str], None],
) -> PreparingRun:
    """Prepare so many generated rows, or the sources if there are any, as a user does."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".bench-") as directory:
        given = list(sources)
        if not given:
            say(f"preparing, {rows:,} rows are written")
            given = [Path(directory) / "rows.csv"]
            write_rows(given[0], rows=rows)
        say("preparing")
        return _prepared(given, Path(directory) / "corpus", processes)


def _prepared(sources: Sequence[Path], out: Path, processes: int) -> PreparingRun:
    began, before = time.perf_counter(), _processor_seconds()
    samples: list[MemorySample] = []
    command = (
        *(sys.executable, "-m", "finetune", "prepare", *map(str, sources), "--out", str(out)),
        *("--processes", str(processes), "--progress", "json"),
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None:
            raise ValueError("the process needs a pipe for its output")
        watched = psutil.Process(process.pid)
        for line in process.stdout:
            if step := json.loads(line).get("step"):
                samples.append(
                    MemorySample(
                        rows=step,
                        seconds=time.perf_counter() - began,
                        resident_bytes=_resident(watched),
                    )
                )
    if process.returncode:
        raise RuntimeError(f"prepare ended with status {process.returncode}")
    summary = open_corpus(out).summary
    counted = summary["sources"].values()
    return PreparingRun(
        seconds=time.perf_counter() - began,
        processor_seconds=_processor_seconds() - before,
        rows=sum(source["rows"] for source in counted),
        kept=sum(source["kept"] for source in counted),
        dropped={
            cause: sum(source["dropped"][cause] for source in counted)
            for cause in next(iter(counted))["dropped"]
        },
        samples=samples,
        growth_per_row=_growth(samples),
    )


def _resident(process: psutil.Process) -> int:
    """Bytes that the process and all it started hold, what they share counted once each."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _processor_seconds() -> float:
    """What all processes that were started here and have ended computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _growth(samples: Sequence[MemorySample]) -> float | None:
    """Bytes a row, by least squares over the second half; None of too few rows to tell."""
    later = samples[len(samples) // 2 :]
    if len({each.rows for each in later}) < 2:
        return None
    line = statistics.linear_regression(
        [each.rows for each in later], [each.resident_bytes for each in later]
    )
    return line.slope
