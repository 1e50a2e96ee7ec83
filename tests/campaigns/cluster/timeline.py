"""What happened when: a line of JSON for each second, and one for each event."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.campaigns.cluster.ledger import Fate, Request

__all__ = ["KILLED", "Event", "Second", "Timeline", "read_timeline"]

KILLED = "is killed"
"""What the detail of an event says that is a blow."""

_LOOK_EVERY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Second:
    """One second of a run: what was answered, how long each joke took, the replicas seen last."""

    second: int
    told: int
    apologised: int
    unreached: int
    votes: int
    waits: list[float]
    replicas: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that was done; `at` is in seconds after the beginning."""

    at: float
    event: str
    detail: str

    @property
    def is_blow(self) -> bool:
        """Whether something was killed."""
        return self.detail == KILLED


@dataclass(kw_only=True)
class _Counts:
    fates: Counter[Fate] = field(default_factory=Counter)
    votes: int = 0
    waits: list[float] = field(default_factory=list)


class Timeline:
    """Writes both kinds of lines to `path`; `running` asks for the replicas, and blocks."""

    def __init__(self, *, path: Path, running: Callable[[], int | None]) -> None:
        self._path = path
        self._running = running
        self._began = time.monotonic()
        self._counts = _Counts()
        self.seconds: list[Second] = []
        self.events: list[Event] = []
        self.replicas: int | None = None

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def request(self, request: Request) -> None:
        """A request has ended."""
        self._counts.fates[request.fate] += 1
        if request.fate is Fate.TOLD:
            self._counts.waits.append(round(request.seconds, 3))

    def vote(self) -> None:
        """A vote was acknowledged."""
        self._counts.votes += 1

    def note(self, event: str, detail: str = "") -> None:
        """Something was done now."""
        self.events.append(Event(at=round(self.now, 1), event=event, detail=detail))
        self._write(self.events[-1])

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[Self]:
        """Write while this is open."""
        self._began = time.monotonic()
        tasks = [asyncio.create_task(self._keep_ticking()), asyncio.create_task(self._look())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def tick(self) -> None:
        """A second is over: write down what was counted in it."""
        counts, self._counts = self._counts, _Counts()
        line = Second(
            second=len(self.seconds),
            told=counts.fates[Fate.TOLD],
            apologised=counts.fates[Fate.APOLOGISED],
            unreached=counts.fates[Fate.UNREACHED],
            votes=counts.votes,
            waits=counts.waits,
            replicas=self.replicas,
        )
        self.seconds.append(line)
        self._write(line)

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(max(0.0, len(self.seconds) + 1 - self.now))
            self.tick()

    async def _look(self) -> None:
        while True:
            self.replicas = await asyncio.to_thread(self._running)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _write(self, line: Second | Event) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            content = {name: getattr(line, name) for name in line.__slots__}
            file.write(json.dumps(content, ensure_ascii=False) + "\n")


def read_timeline(path: Path) -> tuple[list[Second], list[Event]]:
    """What was written."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    seconds = [Second(**line) for line in lines if "second" in line]
    return seconds, [Event(**line) for line in lines if "event" in line]
