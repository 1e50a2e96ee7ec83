"""Everything the document says in numbers, played once and kept in `results.json`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bot.settings.sections import GenerationSettings
from tests.scaling.activity import taking_turns
from tests.scaling.assumptions import LIMITS, PRICES, STATED, Habits, Stated
from tests.scaling.hardware import Kind, kinds
from tests.scaling.measured import Measured
from tests.scaling.sizing import TARGET, Figures, Load, Sizing, twice

__all__ = ["RESULTS", "SIZES", "Point", "Results", "assumed", "play", "read_results"]

RESULTS = Path(__file__).with_name("results.json")
SIZES = (100, 10_000, 1_000_000)
_CROWD = 10_000
_CURVES = (1, 2, 4, 8)
_LOADS = (0.25, 0.5, 0.7, 0.85, 0.95, 1.03, 1.1, 1.2)
_SLOW_STEP = 0.015
_MEMBERS, _COMMUNITIES, _EACH = 32, 8, 2
_ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class Point:
    """A load of a kind of worker, in a scenario, and the fewest workers for it."""

    scenario: str
    kind: str
    communities: int
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Results:
    """`alone` is the most one worker of each kind bears, `curves` waits against load.

    `members` are the simulated figures of the benchmark that docs/performance.md describes.
    """

    seed: int
    assumed: dict[str, Any]
    members: dict[str, float]
    alone: dict[str, Figures]
    sizes: list[Point]
    curves: list[Figures]


def assumed() -> dict[str, Any]:
    """All assumptions, as plain JSON."""
    everything = {
        "habits": asdict(Habits()),
        "stated": asdict(STATED),
        "limits": asdict(LIMITS),
        "prices": asdict(PRICES),
        "target": asdict(TARGET),
    }
    plain: dict[str, Any] = json.loads(json.dumps(everything))
    return plain


def read_results(path: Path = RESULTS) -> Results:
    """What was played last."""
    found = json.loads(path.read_text(encoding="utf-8"))
    found["alone"] = {name: Figures(**figures) for name, figures in found["alone"].items()}
    found["sizes"] = [
        Point(**{**point, "figures": Figures(**point["figures"])}) for point in found["sizes"]
    ]
    found["curves"] = [Figures(**figures) for figures in found["curves"]]
    return Results(**found)


def play(measured: Measured, *, seed: int, say: Callable[[str], None]) -> Results:
    """Play everything; a minute or two of one core."""
    sizing = Sizing(measured, seed=seed)
    slots = GenerationSettings().slots
    everybody = kinds(measured, STATED, slots=slots)
    cpu = everybody[0]
    base = Load(habits=Habits(), communities=_CROWD)
    say("the benchmark with 32 members")
    members = _members(sizing, cpu, seed=seed)
    alone = {}
    for kind in everybody:
        say(f"the most that one worker bears: {kind.name}")
        alone[kind.name] = sizing.most(kind, replace(base, shelf=False))
    sizes = []
    for scenario, load, stated in _scenarios(base):
        chosen = kinds(measured, stated, slots=slots)
        for kind in chosen if scenario == "as assumed" else chosen[:2]:
            if stated is not STATED and kind is chosen[0]:
                continue
            say(f"{scenario}: {kind.name}")
            for communities in SIZES:
                figures = sizing.smallest(kind, replace(load, communities=communities))
                point = Point(
                    scenario=scenario, kind=kind.name, communities=communities, figures=figures
                )
                sizes.append(point)
    say("waits against load")
    full = alone[cpu.name].rate
    curves = [
        sizing.play(cpu, replace(base, shelf=False), rate=load * full * workers, workers=workers)
        for workers in _CURVES
        for load in _LOADS
    ]
    return Results(
        seed=seed, assumed=assumed(), members=members, alone=alone, sizes=sizes, curves=curves
    )


def _scenarios(base: Load) -> list[tuple[str, Load, Stated]]:
    slow = replace(STATED, gpu_step_seconds=_SLOW_STEP)
    return [
        ("as assumed", base, STATED),
        ("twice the activity", replace(base, habits=twice(base.habits)), STATED),
        ("no shelf", replace(base, shelf=False), STATED),
        ("one candidate instead of four", replace(base, candidates=1), STATED),
        ("three times as slow to start a step on the GPU", base, slow),
    ]


def _members(sizing: Sizing, kind: Kind, *, seed: int) -> dict[str, float]:
    """What the model says of 32 members in 8 communities who ask for two jokes each."""
    random = np.random.default_rng(seed)
    asked = taking_turns(members=_MEMBERS, communities=_COMMUNITIES, each=_EACH)
    rounds = [
        sizing.outcome(kind, asked, workers=1, candidates=4, shelf=False, random=random)
        for _ in range(_ROUNDS)
    ]
    found = {
        "jokes_a_minute": [60 * len(asked) / float(each.ended.max()) for each in rounds],
        "p50": [each.seconds(50) for each in rounds],
        "p95": [each.seconds(95) for each in rounds],
    }
    return {name: float(np.median(figures)) for name, figures in found.items()}
