"""Keeps one worker serving: starts, watches, replaces, and backs off when that fails.

A worker is whatever is behind a `Connection`: a process here, or a model on a server.
"""

import asyncio
import itertools
import logging
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.generation.connection import Connect, Connection
from bot.generation.protocol import Broken, Order, Ping, ProtocolError, Ready, Report, Result
from bot.tracing import without_request

__all__ = ["SupervisionLimits", "Supervisor", "WorkerListener", "WorkerState", "WorkerStatus"]

_DOWN_AFTER = 3
_LONGEST_PAUSE = 60.0

_log = logging.getLogger("punchline.pool")


class WorkerState(StrEnum):
    """What the worker is doing; `pausing` is waiting before another start."""

    STARTING = "starting"
    SERVING = "serving"
    PAUSING = "pausing"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class SupervisionLimits:
    """In seconds: a worker silent for a heartbeat, or not ready after a start, is replaced.

    `pause_seconds` is the first pause after repeated deaths; it doubles up to a minute.
    """

    heartbeat_seconds: float
    start_seconds: float
    pause_seconds: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerStatus:
    """The worker at a glance; `failures` counts deaths in a row without a joke between them.

    `down` says that it died so often that waiting for it is no use to a member; `outage`, that what
    serves cannot be reached, for which no version is to blame.
    """

    state: WorkerState
    pid: int | None
    ready: Ready | None
    failures: int
    trouble: str
    seconds_to_start: int
    outage: bool = False

    @property
    def down(self) -> bool:
        """Whether members should be refused instead of kept waiting."""
        return self.failures >= _DOWN_AFTER and self.state is not WorkerState.SERVING


class WorkerListener(Protocol):
    """Who is told what becomes of the worker; called from the event loop, must not block."""

    def worker_ready(self) -> None:
        """A worker has loaded its model."""

    def worker_reported(self, report: Report, ready: Ready) -> None:
        """The worker that said `ready` reports something."""

    def worker_died(self) -> bool:
        """The worker is gone with everything it was doing; returns whether a request did it."""

    def worker_down(self, status: WorkerStatus) -> None:
        """Waiting for a worker is no use at present."""


class Supervisor:
    """One worker after another, begun by `connect`, until `close`."""

    def __init__(
        self, *, connect: Connect, limits: SupervisionLimits, listener: WorkerListener
    ) -> None:
        self._connect = connect
        self._limits = limits
        self._listener = listener
        self._worker: Connection | None = None
        self._ready: Ready | None = None
        self._state = WorkerState.STARTING
        self._failures = 0
        self._trouble = ""
        self._outage = False
        self._next_start = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def serving(self) -> bool:
        """Whether an order sent now reaches a loaded model."""
        return self._state is WorkerState.SERVING

    @property
    def status(self) -> WorkerStatus:
        """The worker now."""
        return WorkerStatus(
            state=self._state,
            pid=self._worker.pid if self._worker else None,
            ready=self._ready,
            failures=self._failures,
            trouble=self._trouble,
            seconds_to_start=max(1, math.ceil(self._next_start - time.monotonic())),
            outage=self._outage,
        )

    def start(self) -> None:
        """Start a worker and keep one running."""
        self._task = asyncio.create_task(
            self._supervise(), name="worker supervisor", context=without_request()
        )

    def send(self, order: Order) -> None:
        """Hand an order to the worker; without one it is dropped, as the worker's death would."""
        if self._worker is not None:
            self._worker.send(order)

    async def close(self) -> None:
        """End the worker and start no other."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._state = WorkerState.CLOSED

    async def _supervise(self) -> None:
        while True:
            try:
                await self._one_life()
            except (OSError, ProtocolError) as error:
                self._trouble = f"{type(error).__name__}: {error}"
            if not self._listener.worker_died():
                self._failures += 1
            pause = self._pause()
            self._state = WorkerState.PAUSING
            self._next_start = time.monotonic() + pause
            self._tell_admin()
            if self.status.down:
                self._listener.worker_down(self.status)
            await asyncio.sleep(pause)

    async def _one_life(self) -> None:
        """Start a worker and serve with it until it dies."""
        self._state = WorkerState.STARTING
        worker = await self._connect()
        self._worker = worker
        trouble = ""
        try:
            trouble = await self._meet(worker) or await self._serve(worker)
        finally:
            self._state = WorkerState.STARTING
            self._worker, self._ready = None, None
            if trouble:
                worker.kill()
            cause = await worker.stop()
            self._trouble, self._outage = trouble or cause, worker.outage

    async def _meet(self, worker: Connection) -> str:
        """Wait for the model to load; returns what went wrong, or nothing."""
        try:
            async with asyncio.timeout(self._limits.start_seconds):
                report = await worker.report()
        except TimeoutError:
            return f"it was not ready after {self._limits.start_seconds:g} seconds"
        match report:
            case Ready():
                self._ready, self._outage = report, False
                self._state = WorkerState.SERVING
                _log.info("Serving %s %s.", report.version, worker.described(report))
                self._listener.worker_ready()
            case Broken(detail=detail):
                # Another start would find the same files, so nobody is kept waiting for it.
                self._failures = max(self._failures, _DOWN_AFTER - 1)
                return detail
        return ""

    async def _serve(self, worker: Connection) -> str:
        """Pass reports on until the worker ends or falls silent; returns what went wrong."""
        heard = time.monotonic()
        silence = self._limits.heartbeat_seconds
        for number in itertools.count():
            try:
                async with asyncio.timeout(silence / 4):
                    report = await worker.report()
            except TimeoutError:
                if time.monotonic() - heard > silence:
                    break
                worker.send(Ping(number=number))
                continue
            if report is None or self._ready is None:
                return ""
            heard = time.monotonic()
            if isinstance(report, Result):
                self._failures = 0
            self._listener.worker_reported(report, self._ready)
        return f"it was silent for {silence:g} seconds"

    def _pause(self) -> float:
        """None after a first death, then doubling."""
        if self._failures <= 1:
            return 0.0
        return min(_LONGEST_PAUSE, self._limits.pause_seconds * 2.0 ** (self._failures - 2))

    def _tell_admin(self) -> None:
        status = self.status
        if not status.down:
            _log.warning("The worker died (%s); starting another.", self._trouble)
            return
        _log.error(
            "No worker can serve, so members are refused; the next start is in %d s. "
            "To see what to do, run: punchline doctor. The reason: %s",
            status.seconds_to_start,
            self._trouble,
        )
