"""How many workers a load needs, and how much load some workers bear."""

import math
from dataclasses import dataclass, replace

import numpy as np

from bot.generation.queue import LineLimits
from bot.settings.sections import GenerationSettings, QueueSettings, ShelfSettings
from tests.scaling.activity import Asked, Crowd, taking_turns
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
_LEAST = 0.3
_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """What members may expect in the busiest hour; seconds from asking to the joke.

    `busy` is how much of what full workers can do may be asked of them: above it a line may grow so
    slowly that a few simulated minutes do not show it.
    """

    p95_seconds: float = 3.0
    refused: float = 0.001
    busy: float = 0.95


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
        full = self.throughput(kind, load.candidates)
        workers = math.ceil(rate / (full * TARGET.busy))
        while True:
            figures = self.play(kind, load, rate=rate, workers=workers)
            if figures.meets(TARGET):
                return figures
            workers += 1

    def most(self, kind: Kind, load: Load) -> Figures:
        """The highest rate that one worker bears, to about 4 %."""
        full = self.throughput(kind, load.candidates)
        low, high = _LEAST * full, TARGET.busy * full
        best = self.play(kind, load, rate=high, workers=1)
        while not best.meets(TARGET) and high / low > _CLOSE_ENOUGH:
            middle = math.sqrt(low * high)
            figures = self.play(kind, load, rate=middle, workers=1)
            low, high = (middle, high) if figures.meets(TARGET) else (low, middle)
        return best if best.meets(TARGET) else self.play(kind, load, rate=low, workers=1)

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

    def throughput(self, kind: Kind, candidates: int) -> float:
        """Requests a second of a worker that is never without any, as when all ask at once."""
        asked = taking_turns(members=_AT_ONCE, communities=_AT_ONCE, each=1)
        outcome = Simulation(
            asked=asked,
            drawn=self._drawn(len(asked), candidates, np.random.default_rng(self._seed)),
            steps=kind.steps,
            workers=1,
            places=kind.places,
            limits=LineLimits(capacity=_AT_ONCE, per_community=_AT_ONCE, per_member=_AT_ONCE),
        ).run()
        return len(asked) / float(outcome.ended.max())


def twice(habits: Habits) -> Habits:
    """Members who ask twice as often."""
    return replace(habits, jokes_a_member=2 * habits.jokes_a_member)
