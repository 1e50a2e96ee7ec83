"""Keeps the message about a run up to date without asking too much of the platform."""

import asyncio
import contextlib
import logging
import time
from typing import Protocol

from bot.fronts.backoff import delays
from bot.learning import Learner, RunReport
from bot.store.port import StoreUnavailable

__all__ = ["Following", "PageGoneError", "RunPage"]

_AGE_OF_A_SECOND = 60.0
"""For mere progress, a message that is N times as many seconds old is changed every N seconds at
most: platforms limit changes of old messages, and after days nobody looks at the minutes."""

_log = logging.getLogger("punchline.learning")


class PageGoneError(Exception):
    """A message can never be changed again."""


class RunPage(Protocol):
    """A message about a run."""

    async def show(self, report: RunReport) -> None:
        """Make it show how the run stands.

        Raises `PageGoneError`, and anything else for what may work later.
        """

    async def add_verdict(self, report: RunReport) -> None:
        """Put pictures, files and samples below it, once."""


class Following:
    """Each page is changed at most every `seconds`; nothing that happens to it matters to a run."""

    def __init__(self, *, learner: Learner, seconds: float) -> None:
        self._learner = learner
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, run: int, page: RunPage) -> None:
        """Let a page show a run from now until its end."""
        task = asyncio.create_task(self._follow(run, page), name=f"page of run {run}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leave all pages as they are."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, run: int, page: RunPage) -> None:
        latest = _Latest()
        reading = asyncio.create_task(self._read(run, latest), name=f"reports of run {run}")
        try:
            await self._show_each(latest, page)
        except PageGoneError as gone:
            _log.info("The message about run %d is gone: %s", run, gone)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, run: int, latest: "_Latest") -> None:
        try:
            for delay in delays():
                try:
                    async for report in self._learner.watch(run):
                        latest.put(report)
                except StoreUnavailable as error:
                    _log.info("Run %d cannot be watched: %s", run, error)
                    await asyncio.sleep(delay)
                else:
                    return
        except Exception:
            _log.exception("Run %d cannot be watched.", run)
        finally:
            latest.end()

    async def _show_each(self, latest: "_Latest", page: RunPage) -> None:
        """Raises `PageGoneError`."""
        began = time.monotonic()
        shown: RunReport | None = None
        enclosed = False
        # What the page says before its first report is read by somebody, too.
        pauses, pause, at = delays(), 0.0, began
        while (report := await latest.unseen()) is not None:
            left = at + max(pause, self._pace(report, shown, began)) - time.monotonic()
            if left > 0:
                await latest.change(seconds=left)
                continue
            try:
                await page.show(report)
                if report.verdict is not None and not enclosed:
                    enclosed = True
                    await page.add_verdict(report)
            except PageGoneError:
                raise
            except Exception as error:
                _log.info("The message about a run cannot be changed now: %s", error)
                pause = next(pauses)
            else:
                latest.seen(report)
                shown, pauses, pause = report, delays(), 0.0
            at = time.monotonic()

    def _pace(self, report: RunReport, shown: RunReport | None, began: float) -> float:
        """How many seconds have to lie between what is shown and a report."""
        if shown is None or _landmark(report) != _landmark(shown):
            return self._seconds
        return max(self._seconds, (time.monotonic() - began) / _AGE_OF_A_SECOND)


class _Latest:
    """The newest report, and whether there will be another."""

    def __init__(self) -> None:
        self._report: RunReport | None = None
        self._over = False
        self._changed = asyncio.Event()

    def put(self, report: RunReport) -> None:
        """There is a newer report."""
        self._report = report
        self._changed.set()

    def end(self) -> None:
        """There will be no more."""
        self._over = True
        self._changed.set()

    async def unseen(self) -> RunReport | None:
        """The newest report, as soon as there is one that has not been seen; None at the end."""
        while self._report is None and not self._over:
            self._changed.clear()
            await self._changed.wait()
        return self._report

    async def change(self, *, seconds: float) -> None:
        """Wait for a newer report, so many seconds at most."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def seen(self, report: RunReport) -> None:
        """A report need not be given out again."""
        if self._report is report:
            self._report = None


def _landmark(report: RunReport) -> tuple[object, ...]:
    """What nobody should wait long for."""
    waits = report.trial is not None and report.trial.waits_for_admin
    return report.run.stage, report.run.ending, report.verdict is None, waits
