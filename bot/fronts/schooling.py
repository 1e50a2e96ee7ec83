"""/retrain, /models and /rollback for the person at the terminal, who owns the machine."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from bot.fronts.commands import Retrain, Retraining, RollBack, ShowModels
from bot.fronts.deciding import Deciding, refused_sentence
from bot.fronts.learning_screen import LearningScreen
from bot.fronts.lines import unless
from bot.fronts.run_wording import RunWording
from bot.languages import ENGLISH
from bot.learning import Learner, LearningRefused, RunReport
from bot.store.version_port import Stage

__all__ = ["Schoolroom"]

_UNWATCHED = "I go on learning; /retrain shows how far I am, /retrain cancel ends it."


class Schoolroom:
    """Obeys one command at a time. `unwatched` is what to say when watching a run is given up."""

    def __init__(self, *, learner: Learner, screen: LearningScreen) -> None:
        self._learner = learner
        self._screen = screen
        self._wording = RunWording(words=ENGLISH)
        self.unwatched = ""

    async def obey(
        self, command: Retrain | ShowModels | RollBack, *, stopping: asyncio.Event
    ) -> None:
        """Do it; watching a run ends with its gate, or with `stopping`.

        Raises `StoreUnavailable`.
        """
        try:
            match command:
                case Retrain(what=Retraining.BEGIN):
                    await self._retrain(stopping)
                case Retrain(what=Retraining.CANCEL):
                    await self._learner.cancel()
                    self._screen.answer(self._wording.cancelled())
                case Retrain(what=what):
                    await self._decide(promote=what is Retraining.PROMOTE)
                case ShowModels():
                    self._screen.models(await self._learner.models())
                case RollBack(version=version):
                    serves = await self._learner.roll_back(version)
                    self._screen.answer(self._wording.rolled_back(serves))
        except LearningRefused as refused:
            self._screen.refuse(refused_sentence(refused, ENGLISH))

    async def _retrain(self, stopping: asyncio.Event) -> None:
        try:
            run = await self._learner.retrain()
        except LearningRefused as refused:
            self._screen.refuse(refused_sentence(refused, ENGLISH))
            report = await self._learner.report()
            if report is not None and not report.ended:
                self._screen.stands(report)
            return
        self.unwatched = _UNWATCHED
        self._screen.answer(self._wording.began())
        reports = self._learner.watch(run)
        try:
            with self._screen.watching() as show:
                while (report := await unless(stopping, _next(reports))) is not None:
                    show(report)
                    if report.run.stage is Stage.TRIAL and report.verdict is not None:
                        # A trial may take days.
                        break
        finally:
            if isinstance(reports, AsyncGenerator):
                await reports.aclose()
        self.unwatched = ""

    async def _decide(self, *, promote: bool) -> None:
        report = await self._learner.report()
        deciding = Deciding(learner=self._learner)
        self._screen.answer(await deciding.decide_now(report, promote=promote, words=ENGLISH))


async def _next(reports: AsyncIterator[RunReport]) -> RunReport | None:
    return await anext(reports, None)
