"""Admins hear of what ends, of what waits for them, and of what was taken back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from bot.announcing import Announcer
from bot.fronts.news import RolledBack
from bot.learning import RunReport
from bot.store.version_port import Ending
from tests.twins.front import MemoryFront
from tests.twins.learner import ScriptedLearner, trial

LOOK = 0.01


@asynccontextmanager
async def announced(learner: ScriptedLearner, *fronts: MemoryFront) -> AsyncIterator[Announcer]:
    announcer = Announcer(learner=learner, look_seconds=LOOK)
    task = asyncio.create_task(announcer.run(fronts))
    await asyncio.sleep(3 * LOOK)
    try:
        yield announcer
        await asyncio.sleep(5 * LOOK)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def reports(front: MemoryFront) -> list[RunReport]:
    return [cast(RunReport, news) for news in front.told_admins]


async def test_the_end_of_a_run_is_told_once_on_every_platform() -> None:
    learner, one, other = ScriptedLearner(), MemoryFront(), MemoryFront()
    async with announced(learner, one, other):
        await learner.retrain()
        await asyncio.sleep(5 * LOOK)
        assert one.told_admins == []
        await learner.put(ending=Ending.REJECTED, detail="It forgot.")
    for front in (one, other):
        (report,) = reports(front)
        assert report.run.detail == "It forgot."


async def test_a_trial_that_waits_for_an_admin_is_told() -> None:
    learner, front = ScriptedLearner(), MemoryFront()
    async with announced(learner, front):
        await learner.retrain()
        await learner.put(trial=trial(waits_for_admin=True))
    (report,) = reports(front)
    assert report.trial is not None


async def test_what_was_over_before_is_no_news() -> None:
    learner, front = ScriptedLearner(), MemoryFront()
    await learner.retrain()
    await learner.put(ending=Ending.FAILED)
    async with announced(learner, front):
        pass
    assert front.told_admins == []


async def test_a_champion_that_was_taken_back_is_told() -> None:
    front = MemoryFront()
    async with announced(ScriptedLearner(), front) as announcer:
        announcer.rolled_back("punchline-2", "punchline-1", "It was killed.")
    assert front.told_admins == [RolledBack(version="punchline-1", failed="punchline-2")]
