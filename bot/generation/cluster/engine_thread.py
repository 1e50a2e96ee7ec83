"""A worker's loop in a thread, for whoever asks it from an event loop."""

import asyncio
import contextlib
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from typing import Protocol

from bot.generation.protocol import (
    Cancel,
    Embed,
    Embedded,
    Failed,
    Generate,
    Order,
    Ready,
    Report,
    Result,
    Sampling,
)

__all__ = ["Begin", "EngineStopped", "EngineThread", "Loop"]

_TOKEN = Sampling(temperature=0.0, top_k=0, top_p=1.0, max_tokens=1)

_log = logging.getLogger(__name__)


class EngineStopped(Exception):  # noqa: N818 - reads as what has happened
    """The thread has ended, and everything in it with it."""


class Loop(Protocol):
    """What runs in the thread: `bot.generation.worker.Worker`."""

    def run(self) -> None:
        """Obey orders, without end."""


Begin = Callable[["SimpleQueue[Order]", Callable[[Report], None]], Loop]
"""Makes the loop, which takes orders from the one and reports to the other."""


class EngineThread:
    """Orders of many callers, decoded together; each awaits its own report.

    `begin` is called at once, in the caller's thread, and what it raises is raised.
    """

    def __init__(self, begin: Begin) -> None:
        self._inbox: SimpleQueue[Order] = SimpleQueue()
        self._waiting: dict[str, asyncio.Future[Report]] = {}
        self._numbers = itertools.count(1)
        self._trouble = ""
        self._results = 0
        self._ready: Ready | None = None
        self._loop = begin(self._inbox, self._deliver)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> Ready:
        """What the worker said first."""
        if self._ready is None:
            raise EngineStopped("the engine has not said that it is ready")
        return self._ready

    async def obey(self, order: Generate | Embed) -> Report:
        """The report on an order, which is given up when the awaiting task is cancelled.

        Raises `EngineStopped`.
        """
        # Orders of several bots meet here, who all count from one.
        own = str(next(self._numbers))
        future: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self._waiting[own] = future
        try:
            if self._trouble:
                raise EngineStopped(self._trouble)
            self._inbox.put(replace(order, id=own))
            report = await future
        except asyncio.CancelledError:
            self._inbox.put(Cancel(id=own))
            raise
        finally:
            del self._waiting[own]
        if not isinstance(report, Result | Embedded | Failed):
            raise TypeError(f"no report on an order: {report}")
        return replace(report, id=order.id)

    async def prove_it_writes(self, *, seconds: float) -> None:
        """Have a token written, or see that somebody's joke is finished meanwhile.

        Raises `EngineStopped` or `TimeoutError`.
        """
        finished = self._results
        token = asyncio.create_task(
            self.obey(Generate(id="", topic=None, opening=None, count=1, seed=0, sampling=_TOKEN))
        )
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(token)
        except TimeoutError:
            # All places may be taken: then what was written in them is the proof.
            if self._results == finished:
                raise
        finally:
            token.cancel()
            await asyncio.gather(token, return_exceptions=True)

    def _run(self) -> None:
        try:
            self._loop.run()
            self._trouble = "the engine has ended"
        except BaseException as error:
            _log.exception("The engine has failed.")
            self._trouble = f"the engine has failed: {type(error).__name__}: {error}"
        for future in list(self._waiting.values()):
            self._settle(future, None)

    def _deliver(self, report: Report) -> None:
        """Called in the thread."""
        match report:
            case Ready():
                self._ready = report
            case Result(id=own) | Embedded(id=own) | Failed(id=own):
                self._results += isinstance(report, Result)
                if (future := self._waiting.get(own)) is not None:
                    self._settle(future, report)

    def _settle(self, future: "asyncio.Future[Report]", report: Report | None) -> None:
        def settle() -> None:
            if future.done():
                return
            if report is None:
                future.set_exception(EngineStopped(self._trouble))
            else:
                future.set_result(report)

        # A loop that has been closed has nobody who waits.
        with contextlib.suppress(RuntimeError):
            future.get_loop().call_soon_threadsafe(settle)
