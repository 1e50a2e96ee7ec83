"""Tells the bot's admins on every platform what they have not asked for, and should know."""

import asyncio
import logging
from collections.abc import Sequence

from bot.fronts.news import News, RolledBack
from bot.fronts.port import Front
from bot.learning import Learner, RunReport
from bot.store.port import StoreUnavailable

__all__ = ["Announcer"]

_LOOK_SECONDS = 1.0

_log = logging.getLogger("punchline.learning")


class Announcer:
    """Gathers news and passes them on while `run` runs."""

    def __init__(self, *, learner: Learner, look_seconds: float = _LOOK_SECONDS) -> None:
        self._learner = learner
        self._look_seconds = look_seconds
        self._news: asyncio.Queue[News] = asyncio.Queue()

    def rolled_back(self, failed: str, version: str, why: str) -> None:
        """A champion erred, and was taken back."""
        self._news.put_nowait(RolledBack(version=version, failed=failed))

    async def run(self, fronts: Sequence[Front]) -> None:
        """Tell all front-ends, each in its own time, until this is cancelled."""
        async with asyncio.TaskGroup() as telling:
            telling.create_task(self._look())
            while True:
                news = await self._news.get()
                for front in fronts:
                    telling.create_task(_tell(front, news))

    async def _look(self) -> None:
        """Watch for runs that end or wait for an admin; what was so at the beginning is no news."""
        known = _key(await self._report())
        while True:
            await asyncio.sleep(self._look_seconds)
            report = await self._report()
            key = _key(report)
            if report is not None and key != known and any(key[1:]):
                self._news.put_nowait(report)
            known = key

    async def _report(self) -> RunReport | None:
        try:
            return await self._learner.report()
        except StoreUnavailable as error:
            _log.warning("I cannot see how learning stands: %s", error)
            return None


def _key(report: RunReport | None) -> tuple[int, bool, bool]:
    """What makes news: which run, whether it has ended, whether it waits for an admin."""
    if report is None:
        return (0, False, False)
    waits = report.trial is not None and report.trial.waits_for_admin
    return (report.run.id, report.ended, waits and not report.ended)


async def _tell(front: Front, news: News) -> None:
    try:
        await front.tell_admins(news)
    except Exception:
        _log.exception("The admins on %s could not be told.", front.name)
