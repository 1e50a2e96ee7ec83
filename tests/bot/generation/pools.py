"""Pools with real worker processes, requests for them, and what became of those."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bot.generation.pool import WorkerPool
from bot.generation.port import Generation, GenerationError, GenerationRequest, Wait
from bot.generation.process import WorkerProcess
from bot.generation.protocol import Sampling
from bot.generation.queue import LineLimits
from bot.generation.supervisor import SupervisionLimits
from bot.jokes import Reason
from bot.measures import Measures
from tests.campaigns.processes import alive
from tests.campaigns.waiting import until

__all__ = [
    "PATIENCE",
    "QUICK",
    "Journal",
    "ask",
    "model_command",
    "outcome",
    "pool_of",
    "request_for",
    "serving",
]

PATIENCE = 50.0
"""Seconds after which something that should have happened counts as not happening."""

QUICK = SupervisionLimits(heartbeat_seconds=1.0, start_seconds=PATIENCE, pause_seconds=0.05)
"""For workers that fall silent."""

_ROOMY = LineLimits(capacity=1000, per_community=1000, per_member=1000)
_PATIENT = SupervisionLimits(heartbeat_seconds=PATIENCE, start_seconds=PATIENCE, pause_seconds=0.05)


class Journal:
    """What scripted workers have written down; `command` starts one of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        module = "tests.bot.generation.scripted_worker"
        self.command = (sys.executable, "-m", module, str(path))

    def version(self, name: str, habit: str = "") -> tuple[str, ...]:
        """The command of a worker that calls itself so and has a habit."""
        return (*self.command, name, habit)

    def events(self, kind: str) -> list[str]:
        """The details of all events of a kind: `start`, `generate`, `cancel` or `end`."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return [detail for event, detail in map(json.loads, lines) if event == kind]


def model_command(
    directory: Path, *, slots: int = 4, module: str = "bot.generation.worker"
) -> tuple[str, ...]:
    """A worker that computes on one thread, in float32, for `slots` candidates at a time."""
    model = ("--model", str(directory), "--name", "tiny", "--device", "cpu", "--dtype", "float32")
    return (sys.executable, "-m", module, *model, "--slots", str(slots), "--threads", "1")


@asynccontextmanager
async def pool_of(
    command: Sequence[str],
    *,
    limits: SupervisionLimits = _PATIENT,
    line: LineLimits = _ROOMY,
    slots: int = 4,
    attempts: int = 3,
    measures: Measures | None = None,
) -> AsyncIterator[WorkerPool]:
    """A started pool; leaving closes it and makes sure that no worker is left behind."""
    pool = WorkerPool(
        connect=partial(WorkerProcess.start, command),
        limits=limits,
        line=line,
        slots=slots,
        attempts=attempts,
        measures=measures,
    )
    pool.start()
    pid = None
    try:
        yield pool
    finally:
        pid = pool.status.worker.pid
        await pool.close()
        assert pid is None or not alive(pid)


async def serving(pool: WorkerPool, *, not_pid: int | None = None) -> int:
    """Wait for a worker that has loaded its model (another one than `not_pid`); its id."""

    def is_serving() -> bool:
        worker = pool.status.worker
        return worker.ready is not None and worker.pid != not_pid

    await until(is_serving, seconds=PATIENCE)
    pid = pool.status.worker.pid
    assert pid is not None
    return pid


def request_for(topic: str | None = None, **changes: Any) -> GenerationRequest:
    """A request of somebody; usual settings unless given."""
    usual = {
        "joke_id": 1,
        "community": "guild",
        "member": "member",
        "opening": None,
        "count": 1,
        "seed": 1,
        "sampling": Sampling(temperature=1.0, top_k=0, top_p=0.95, max_tokens=48),
        "deadline": PATIENCE,
    }
    return GenerationRequest(topic=topic, **{**usual, **changes})


async def outcome(
    pool: WorkerPool, request: GenerationRequest, wait: Wait | None = None
) -> Generation | Reason:
    """What a request gets, or why it gets nothing."""
    try:
        return await pool.generate(request, wait=wait)
    except GenerationError as error:
        return error.reason


def ask(
    pool: WorkerPool, topic: str | None = None, **changes: Any
) -> "asyncio.Task[Generation | Reason]":
    """A request on its way."""
    return asyncio.create_task(outcome(pool, request_for(topic, **changes)))
