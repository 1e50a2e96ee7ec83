"""`punchline retrain` and `punchline rollback`: learning without the bot, or beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from bot.fronts.learning_screen import LearningScreen
from bot.learning.building import build_learner
from bot.learning.learner import LoopLearner
from bot.learning.port import LearningRefused, RunReport
from bot.learning.stored import StoredStand
from bot.model import ServedModel
from bot.settings import Settings
from bot.store.store import SqlStore
from bot.store.version_port import Ending, Stage
from bot.versions import VersionFinder

__all__ = ["retrain_here", "roll_back_here"]

_GOOD = (None, Ending.PROMOTED)
_LAST_LINES_SECONDS = 1.0


async def retrain_here(settings: Settings, *, origin: ServedModel, console: Console) -> bool:
    """Learn as far as the trial, which is for a bot that runs; returns whether it came to that.

    Raises `LearningRefused`. Cancelling ends the run.
    """
    async with _learner(settings, origin) as learner:
        run = await learner.retrain()
        try:
            report = await _watched(learner, run, LearningScreen(console=console))
        except asyncio.CancelledError:
            await _called_off(learner)
            raise
    if report.run.ending is None:
        console.print(
            f"{report.run.version} is ready. A bot that runs (punchline run) tries it out on part"
            " of its requests and lets the votes decide.",
            soft_wrap=True,
        )
    return report.run.ending in _GOOD


async def roll_back_here(settings: Settings, *, origin: ServedModel, version: str | None) -> str:
    """Let an earlier version serve; a bot that runs follows. Raises `LearningRefused`."""
    async with _learner(settings, origin) as learner:
        return await learner.roll_back(version)


async def _watched(learner: LoopLearner, run: int, screen: LearningScreen) -> RunReport:
    """Show a run until its end or its trial, and return how it stood then."""
    showing = asyncio.create_task(_show(learner, run, screen), name="screen")
    try:
        await learner.finished()
        await asyncio.wait({showing}, timeout=_LAST_LINES_SECONDS)
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    report = await learner.report()
    if report is None:
        raise ValueError("a run that was begun is reported")
    return report


async def _show(learner: LoopLearner, run: int, screen: LearningScreen) -> None:
    with screen.watching() as show:
        async for report in learner.watch(run):
            show(report)
            if report.run.stage is Stage.TRIAL:
                return


async def _called_off(learner: LoopLearner) -> None:
    try:
        await learner.cancel()
    except LearningRefused:
        # It had come to its end by itself.
        return


@asynccontextmanager
async def _learner(settings: Settings, origin: ServedModel) -> AsyncIterator[LoopLearner]:
    store = await SqlStore.open(directory=settings.store.directory, url=settings.store.url)
    try:
        finder = VersionFinder(origin=origin, settings=settings)
        stand = StoredStand(versions=store.model_versions, finder=finder)
        learner = build_learner(settings, store=store, stand=stand, until=Stage.TRIAL)
        try:
            yield learner
        finally:
            await learner.finished()
            await learner.close()
    finally:
        await store.close()
