"""How a worker divides its time between telling jokes and reading others for their features."""

import queue
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from bot.generation.jobs import EngineJob, Generated
from bot.generation.protocol import Embed, Embedded, Generate, KnownJoke, Order, Report, Sampling
from bot.generation.worker import Worker
from finetune.models import load_model

STEP_SECONDS = 0.01
READ_SECONDS = 0.5
JOKES = 6


class Over(Exception):  # noqa: N818 - not an error
    """Ends a worker, which serves until its process ends."""


class TimedEngine:
    """An engine on a clock of its own: it tells one joke for so many steps, and reads others."""

    def __init__(self, *, steps: int) -> None:
        self.seconds = 0.0
        self.read_after_steps: list[int] = []
        self.free, self.drawn = 1, 0
        self._left = 0
        self._steps = steps

    @property
    def busy(self) -> bool:
        return self._left > 0

    def submit(self, job: EngineJob) -> None:
        self._left = self._steps

    def cancel(self, job_id: str) -> None:
        self._left = 0

    def step(self) -> list[tuple[str, list[Generated]]]:
        if self._left:
            self._left -= 1
            self.drawn += 1
            self.seconds += STEP_SECONDS
        return []

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        self.read_after_steps.append(self.drawn)
        self.seconds += READ_SECONDS
        return [b"features" for _ in jokes]


def read_by(engine: TimedEngine, model: Path, *orders: Order) -> None:
    """Let a worker with this engine obey the orders until it has read what there was to read."""
    inbox: queue.SimpleQueue[Order] = queue.SimpleQueue()
    for order in orders:
        inbox.put(order)

    def report(said: Report) -> None:
        if isinstance(said, Embedded):
            raise Over

    loaded = load_model(model, name="tiny", device=torch.device("cpu"), dtype=torch.float32)
    worker = Worker(
        loaded=loaded, engine=engine, inbox=inbox, report=report, clock=lambda: engine.seconds
    )
    with pytest.raises(Over):
        worker.run()


READING = Embed(id="known", jokes=(KnownJoke(text="Why did the cat sit down?"),) * JOKES)
TELLING = Generate(
    id="new",
    topic=None,
    opening=None,
    count=1,
    sampling=Sampling(temperature=1.0, top_k=0, top_p=1.0, max_tokens=48),
    seed=1,
)


def test_beside_members_who_wait_reading_takes_a_tenth_of_the_time(tiny_version: Path) -> None:
    engine = TimedEngine(steps=10_000)
    read_by(engine, tiny_version, TELLING, READING)
    gaps = [later - earlier for earlier, later in pairwise(engine.read_after_steps)]
    assert len(gaps) == JOKES - 1
    assert gaps == pytest.approx([9 * READ_SECONDS / STEP_SECONDS] * len(gaps), abs=1)


def test_while_nobody_waits_nothing_but_reading_is_done(tiny_version: Path) -> None:
    engine = TimedEngine(steps=0)
    read_by(engine, tiny_version, READING)
    assert engine.seconds == pytest.approx(JOKES * READ_SECONDS)
