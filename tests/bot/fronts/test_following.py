"""A message about a run keeps up, is changed seldom, and can be lost without any harm."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.fronts import following
from bot.fronts.following import Following, PageGoneError
from bot.learning import RunReport
from bot.store.version_port import Ending, Stage
from tests.campaigns.waiting import until
from tests.twins.learner import ScriptedLearner, trial, verdict

SECONDS = 20
PACE = 0.05


class Page:
    """Implements `RunPage`; each of `failures` befalls one change."""

    def __init__(self, *failures: Exception) -> None:
        self.shown: list[RunReport] = []
        self.times: list[float] = []
        self.verdicts: list[RunReport] = []
        self._failures = list(failures)

    async def show(self, report: RunReport) -> None:
        self.times.append(time.monotonic())
        if self._failures:
            raise self._failures.pop(0)
        self.shown.append(report)

    async def add_verdict(self, report: RunReport) -> None:
        self.verdicts.append(report)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "delays", lambda: itertools.repeat(0.01))


@asynccontextmanager
async def followed(page: Page, learner: ScriptedLearner) -> AsyncIterator[Following]:
    followers = Following(learner=learner, seconds=PACE)
    followers.follow(await learner.retrain(), page)
    try:
        yield followers
    finally:
        await followers.close()
        assert not learner.watching


async def test_a_page_shows_a_run_until_its_end() -> None:
    learner, page = ScriptedLearner(), Page()
    async with followed(page, learner):
        await until(lambda: len(page.shown) == 1, seconds=SECONDS)
        await learner.put(stage=Stage.TRAINING, step=1, of=4)
        await until(lambda: page.shown[-1].step == 1, seconds=SECONDS)
        last = await learner.put(ending=Ending.FAILED)
        await until(lambda: page.shown[-1] == last, seconds=SECONDS)
        await until(lambda: not learner.watching, seconds=SECONDS)


async def test_hundreds_of_steps_are_few_changes_and_the_last_one_is_shown() -> None:
    learner, page = ScriptedLearner(), Page()
    async with followed(page, learner):
        await learner.put(stage=Stage.TRAINING, of=300)
        for step in range(300):
            await learner.put(step=step)
            await asyncio.sleep(0.001)
        last = await learner.put(ending=Ending.RETIRED)
        await until(lambda: bool(page.shown) and page.shown[-1] == last, seconds=SECONDS)
    gaps = [after - before for before, after in itertools.pairwise(page.times)]
    assert min(gaps) >= 0.9 * PACE
    assert len(page.shown) < 100


async def test_an_old_message_is_changed_at_once_only_for_what_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # After a tenth of a second as after days.
    monkeypatch.setattr(following, "_AGE_OF_A_SECOND", 0.0001)
    learner, page = ScriptedLearner(), Page()
    async with followed(page, learner):
        await learner.put(stage=Stage.TRIAL, trial=trial())
        await until(lambda: len(page.shown) == 1, seconds=SECONDS)
        await asyncio.sleep(0.1)
        for votes in range(10):
            await learner.put(trial=trial(challenger_votes=votes))
            await asyncio.sleep(PACE / 2)
        assert len(page.shown) == 1
        asking = await learner.put(trial=trial(waits_for_admin=True))
        await until(lambda: page.shown[-1] == asking, seconds=SECONDS)
        ended = await learner.put(ending=Ending.PROMOTED)
        await until(lambda: page.shown[-1] == ended, seconds=SECONDS)
    assert len(page.shown) == 3


async def test_the_verdict_is_added_once() -> None:
    learner, page = ScriptedLearner(), Page()
    async with followed(page, learner):
        await learner.put(stage=Stage.GATE, verdict=verdict())
        await until(lambda: bool(page.verdicts), seconds=SECONDS)
        await learner.put(stage=Stage.TRIAL, trial=trial())
        last = await learner.put(ending=Ending.PROMOTED)
        await until(lambda: page.shown[-1] == last, seconds=SECONDS)
    assert len(page.verdicts) == 1


async def test_a_message_that_is_gone_ends_nothing_but_the_following() -> None:
    learner, page = ScriptedLearner(), Page(PageGoneError("deleted"))
    async with followed(page, learner):
        await until(lambda: bool(page.times), seconds=SECONDS)
        await until(lambda: not learner.watching, seconds=SECONDS)
        await learner.put(ending=Ending.PROMOTED)
    assert page.shown == []


async def test_after_an_outage_the_latest_report_is_shown() -> None:
    learner = ScriptedLearner()
    page = Page(*(ConnectionError("away") for _ in range(3)))
    async with followed(page, learner):
        last = await learner.put(ending=Ending.CANCELLED)
        await until(lambda: page.shown == [last], seconds=SECONDS)


async def test_while_the_store_is_out_of_reach_it_is_asked_again() -> None:
    learner, page = ScriptedLearner(), Page()
    learner.unavailable = 3
    async with followed(page, learner):
        last = await learner.put(ending=Ending.CANCELLED)
        await until(lambda: page.shown == [last], seconds=SECONDS)
