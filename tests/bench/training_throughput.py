"""How fast `finetune train` teaches, next to other ways to train the same weights."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from finetune.models import choose_device, choose_dtype
from finetune.recipes.recipe import read_recipe
from tests.bench.results import TrainingRound, TrainingRun, TrainingSpeed
from tests.bench.training_contenders import CONTENDERS, TrainingTask

__all__ = ["measure_training", "race"]

_STEPS = 5
_SECONDS = 1200
"""What a contender may take, compiling included."""


def measure_training(
    directory: Path, *, name: str, rounds: int, say: Callable[[str], None]
) -> TrainingRun:
    """All contenders with the recipe of the starter."""
    task = TrainingTask(base=str(directory), recipe="starter", changes=(), steps=_STEPS)
    return race(task, name=name, rounds=rounds, contenders=list(CONTENDERS), say=say)


def race(
    task: TrainingTask,
    *,
    name: str,
    rounds: int,
    contenders: Sequence[str],
    say: Callable[[str], None],
) -> TrainingRun:
    """Alternate the contenders, in turned order in every second round.

    Raises `RuntimeError` with the last words of one that failed.
    """
    measured = []
    for number in range(1, rounds + 1):
        order = contenders if number % 2 else list(reversed(contenders))
        speeds: dict[str, TrainingSpeed] = {}
        for contender in order:
            say(f"training throughput, round {number} of {rounds}: {contender}")
            speeds[contender] = _speed(contender, task)
        measured.append(TrainingRound(speeds={each: speeds[each] for each in contenders}))
    recipe, device = read_recipe(task.recipe, task.changes), choose_device("auto")
    return TrainingRun(
        model=name,
        device=str(device),
        dtype=str(choose_dtype(recipe.dtype, device)).removeprefix("torch."),
        threads=torch.get_num_threads(),
        sequence_tokens=recipe.sequence_tokens,
        rounds=measured,
    )


def _speed(contender: str, task: TrainingTask) -> TrainingSpeed:
    """In a process of its own, so that nobody finds what another has compiled or allocated."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.training_contenders"],
        input=json.dumps({"contender": contender, **asdict(task)}),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{contender} failed: {done.stderr[-2000:]}")
    return TrainingSpeed(**json.loads(done.stdout.splitlines()[-1]))
