"""Where the latest report of a run hangs, for whoever wants to watch."""

import asyncio
from collections.abc import AsyncIterator

from bot.learning.port import RunReport

__all__ = ["Board"]


class Board:
    """Holds one report; a watcher who is slow misses some, and always sees the last."""

    def __init__(self) -> None:
        self.report: RunReport | None = None
        self._changed = asyncio.Event()

    def post(self, report: RunReport) -> None:
        """Put up a report in the place of the one before."""
        self.report = report
        self._changed.set()
        self._changed = asyncio.Event()

    async def watch(self, run: int) -> AsyncIterator[RunReport]:
        """The reports of a run from now on, until it has ended or another one hangs here."""
        while True:
            report, changed = self.report, self._changed
            if report is None or report.run.id != run:
                return
            yield report
            if report.ended:
                return
            if self._changed is changed:
                await changed.wait()
