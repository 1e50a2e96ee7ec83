"""How many workers a load needs, and how much load some workers bear."""

import math
from dataclasses import dataclass, replace

import numpy as np

from bot.generation.queue import LineLimits
from bot.settings.sections import GenerationSettings, QueueSettings, ShelfSettings
from tests.scaling.activity import Asked, Crowd
from tests.scaling.assumptions import Habits
from tests.scaling.hardware import Kind
from tests.scaling.measured import Measured
from tests.scaling.shelf import NO_SHELF, ShelfRules
from tests.scaling.simulation import Drawn, Ending, Outcome, Simulation

__all__ = ["TARGET", "Figures", "Load", "Sizing", "Target", "twice"]

_REQUESTS = 8_000
_SECONDS = 180.0
"""At least so long, so that a line that grows without end is seen to grow."""

_WARM_UP_SECONDS = 60.0
"""At least; bursts last about this long."""

_WARM_UP_SHARE = 0.1
_CLOSE_ENOUGH = 1.04


@dataclass(frozen=True, kw_only=True)
class Target:
    """What members may expect in the busiest hour; seconds from asking to the joke."""

    p95_seconds: float = 3.0
    refused: float = 0.001


TARGET = Target()


@dataclass(frozen=True, kw_only=True)
class Load:
    """Requests as so many communities make them; `candidates` are drawn for each."""

    habits: Habits
    communities: int
    candidates: int = 4
    shelf: bool = True


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What so many workers do with a load; seconds and shares."""

    workers: int
    rate: float
    p50: float
    p95: float
    waited_p95: float
    refused: float
    shelved: float

    def meets(self, target: Target) -> bool:
        """Whether it is good enough."""
        return self.p95 <= target.p95_seconds and self.refused <= target.refused


class Sizing:
    """Plays loads with the settings that Punchline ships; the same seed for every fleet."""

    def __init__(self, measured: Measured, *, seed: int) -> None:
        self._measured = measured
        self._seed = seed
        self._generation = GenerationSettings()
        self._queue = QueueSettings()
        shelf = ShelfSettings()
        self._shelf = ShelfRules(
            jokes=shelf.jokes_per_shelf,
            quiet_seconds=shelf.quiet_seconds,
            idle_share=shelf.idle_share,
        )

    def smallest(self, kind: Kind, load: Load) -> Figures:
        """The fewest workers that meet the target in the busiest hour."""
        rate = load.habits.requests_a_second(load.communities, peak=True)
        workers = max(1, math.floor(0.9 * rate / self._throughput(kind, load.candidates)))
        figures = self.play(kind, load, rate=rate, workers=workers)
        while not figures.meets(TARGET):
            workers += 1
            figures = self.play(kind, load, rate=rate, workers=workers)
        while workers > 1:
            fewer = self.play(kind, load, rate=rate, workers=workers - 1)
            if not fewer.meets(TARGET):
                break
            workers, figures = workers - 1, fewer
        return figures

    def most(self, kind: Kind, load: Load, *, workers: int) -> Figures:
        """The highest rate that so many workers bear, to about 4 %."""
        low, high = 0.3, 1.3
        full = workers * self._throughput(kind, load.candidates)
        while high / low > _CLOSE_ENOUGH:
            middle = math.sqrt(low * high)
            met = self.play(kind, load, rate=middle * full, workers=workers).meets(TARGET)
            low, high = (middle, high) if met else (low, middle)
        return self.play(kind, load, rate=low * full, workers=workers)

    def play(self, kind: Kind, load: Load, *, rate: float, workers: int) -> Figures:
        """So many workers in the steady state of a load."""
        random = np.random.default_rng(self._seed)
        crowd = Crowd(load.habits, communities=load.communities, random=random)
        count = max(_REQUESTS, math.ceil(rate * _SECONDS))
        asked = crowd.asks(rate=rate, count=count)
        outcome = self.outcome(
            kind,
            asked,
            workers=workers,
            candidates=load.candidates,
            shelf=load.shelf,
            random=random,
        ).settled(max(_WARM_UP_SHARE, _WARM_UP_SECONDS * rate / count))
        return Figures(
            workers=workers,
            rate=rate,
            p50=outcome.seconds(50),
            p95=outcome.seconds(95),
            waited_p95=outcome.waited(95),
            refused=outcome.refused,
            shelved=outcome.share(Ending.SHELVED),
        )

    def outcome(
        self,
        kind: Kind,
        asked: Asked,
        *,
        workers: int,
        candidates: int,
        shelf: bool,
        random: np.random.Generator,
    ) -> Outcome:
        """What becomes of each request; every worker brings its own places in the line."""
        queue = self._queue
        return Simulation(
            asked=asked,
            drawn=self._drawn(len(asked), candidates, random),
            steps=kind.steps,
            workers=workers,
            places=kind.places,
            limits=LineLimits(
                capacity=queue.capacity * workers,
                per_community=queue.per_community,
                per_member=queue.per_member,
            ),
            deadline_seconds=queue.deadline_seconds,
            shelf=self._shelf if shelf else NO_SHELF,
        ).run()

    def _drawn(self, requests: int, candidates: int, random: np.random.Generator) -> Drawn:
        """Lengths as measured; another round as often as nothing that was measured was fit."""
        pool = np.array(self._measured.draws)[:, :candidates]
        rounds = self._generation.rounds
        useless = self._measured.redrawn if candidates > 1 else self._measured.unfit
        needed = random.geometric(1 - useless, requests)
        return Drawn(
            tokens=pool[random.integers(len(pool), size=(requests, rounds))],
            rounds=np.minimum(needed, rounds),
        )

    def _throughput(self, kind: Kind, candidates: int) -> float:
        """About how many requests a second a worker answers when it is full."""
        draws = np.array(self._measured.draws)[:, :candidates]
        together = kind.places // candidates
        rows = round(kind.places * draws.mean() / draws.max(axis=1).mean())
        reading = kind.steps.read(1) * together
        return together / (reading + kind.steps.decode(rows) * float(draws.max(axis=1).mean()))


def twice(habits: Habits) -> Habits:
    """Members who ask twice as often."""
    return replace(habits, jokes_a_member=2 * habits.jokes_a_member)
