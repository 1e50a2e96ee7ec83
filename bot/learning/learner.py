"""The admins' side of the loop: starts runs, one at a time, and carries on those of before."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from bot.languages import message
from bot.learning.board import Board
from bot.learning.model_lines import overview
from bot.learning.port import LearningRefused, ModelLine, RunReport
from bot.learning.retraining import Retraining, Stand
from bot.model import ServedModel
from bot.settings import LearningSettings, TrainingSettings
from bot.store.moments import Clock, now
from bot.store.port import Store, StoreUnavailable
from bot.store.version_port import (
    Contribution,
    Ending,
    Run,
    Stage,
    Versions,
)
from bot.tracing import without_request
from bot.votes.choosing import choose
from finetune.artifacts import MANIFEST

__all__ = ["LoopLearner"]

_log = logging.getLogger("punchline.learning")


class LoopLearner:
    """Implements `bot.learning.port.Learner`; it works between `start` and `close`.

    `check` is asked before a run begins whether what is taught from a champion could be served; it
    raises `LearningRefused`.
    """

    def __init__(
        self,
        *,
        store: Store,
        versions: Versions,
        retraining: Retraining,
        stand: Stand,
        board: Board,
        rules: LearningSettings,
        training: TrainingSettings,
        check: Callable[[ServedModel], Awaitable[None]] | None = None,
        clock: Clock = now,
        look_seconds: float = 5.0,
    ) -> None:
        self._store = store
        self._versions = versions
        self._retraining = retraining
        self._stand = stand
        self._board = board
        self._rules = rules
        self._check = check
        self._every = timedelta(hours=training.every_hours)
        self._clock = clock
        self._look_seconds = look_seconds
        self._carrying: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        # Whoever begins, adopts or cancels a run does so alone.
        self._turn = asyncio.Lock()

    def start(self) -> None:
        """Go on with a run that another process left, and begin runs when it is time."""
        self._looking = asyncio.create_task(self._look(), name="learning")

    async def close(self) -> None:
        """Stop; a run that goes on is left as it is, for the next process."""
        tasks = [task for task in (self._looking, self._carrying) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def finished(self) -> None:
        """Wait until the run that goes on here, if any, is in other hands or over."""
        if self._carrying is not None:
            await asyncio.gather(self._carrying, return_exceptions=True)

    async def retrain(self) -> int:
        async with self._turn:
            run = await self._begin()
            self._carry(run, resumed=False)
            return run.id

    async def cancel(self) -> None:
        async with self._turn:
            run = await self._versions.going_on()
            if run is None:
                raise LearningRefused(message("I am not learning anything just now."))
            if self._carrying is None or self._carrying.done():
                raise LearningRefused(
                    message("Another program of mine is learning; it has to be ended there.")
                )
            self._carrying.cancel()
            await asyncio.gather(self._carrying, return_exceptions=True)
            run = await self._versions.going_on()
            if run is None:
                raise LearningRefused(message("It was over before I could end it."))
            if run.stage is Stage.TRIAL:
                await self._stand.end_trial()
            await self._retraining.end(run, Ending.CANCELLED, "An admin ended it.")

    async def report(self) -> RunReport | None:
        if self._board.report is not None:
            return self._board.report
        run = await self._versions.last()
        return None if run is None else RunReport(run=run)

    def watch(self, run: int) -> AsyncIterator[RunReport]:
        return self._board.watch(run)

    async def decide(self, version: str, *, promote: bool) -> None:
        if (await self._stand.roles()).challenger != version:
            raise LearningRefused(message("{version} is not on trial any more."), version=version)
        if promote:
            await self._stand.promote()
        else:
            await self._stand.end_trial()

    async def models(self) -> Sequence[ModelLine]:
        return overview(
            await self._stand.roles(),
            made=await self._versions.all(),
            told=await self._store.versions(),
        )

    async def roll_back(self, version: str | None) -> str:
        return await self._stand.roll_back(version)

    async def helped(self, front: str, member: str) -> Contribution | None:
        found = await self._versions.contributions(front, member)
        return found[0] if found else None

    async def _begin(self) -> Run:
        busy = message("I am learning already; /retrain cancel ends it.")
        if await self._versions.going_on() is not None:
            raise LearningRefused(busy)
        champion = await self._stand.champion()
        if self._check is not None:
            await self._check(champion)
        if not (champion.directory / MANIFEST).is_file():
            raise LearningRefused(
                message("{version} was never taught jokes, so it cannot learn from votes yet."),
                version=champion.name,
            )
        rows = [row async for row in self._store.votes()]
        chosen = await asyncio.to_thread(choose, rows, self._rules)
        if shortage := chosen.shortage(self._rules.minimum_votes):
            raise LearningRefused(
                message(
                    "There are not enough votes to learn from yet: {votes} so far; missing are"
                    " {missing} in all, {up} of them up and {down} down."
                ),
                votes=shortage.votes,
                missing=max(shortage.missing, shortage.missing_up + shortage.missing_down),
                up=shortage.missing_up,
                down=shortage.missing_down,
            )
        run = await self._versions.begin(parent=champion.name)
        if run is None:
            raise LearningRefused(busy)
        return run

    def _carry(self, run: Run, *, resumed: bool) -> None:
        # At once, so that whoever began it can watch it.
        self._board.post(RunReport(run=run))
        self._carrying = asyncio.create_task(
            self._retraining.carry(run, resumed=resumed),
            name=f"run {run.id}",
            context=without_request(),
        )
        self._carrying.add_done_callback(_tell)

    async def _look(self) -> None:
        while True:
            try:
                async with self._turn:
                    await self._adopt()
                if self._every and await self._is_time():
                    with suppress(LearningRefused):
                        await self.retrain()
            except StoreUnavailable as error:
                _log.warning("I cannot see whether there is anything to learn: %s", error)
            except Exception:
                _log.exception("Learning stumbled; it goes on.")
            await asyncio.sleep(self._look_seconds)

    async def _adopt(self) -> None:
        if self._carrying is not None and not self._carrying.done():
            return
        if (run := await self._versions.adopt()) is not None:
            _log.info("Going on with run %d, which had come to its %s.", run.id, run.stage.value)
            self._carry(run, resumed=True)

    async def _is_time(self) -> bool:
        last = await self._versions.last()
        if last is None:
            return True
        return last.ending is not None and self._clock() - last.began_at >= self._every


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("A run stumbled and is gone on with soon.", exc_info=task.exception())
