"""A loop over a real store, with a scripted workshop and stand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.jokes import Community
from bot.learning.board import Board
from bot.learning.learner import LoopLearner
from bot.learning.places import Places
from bot.learning.port import RunReport
from bot.learning.retraining import Retraining
from bot.model import ServedModel
from bot.settings import LearningSettings, TrainingSettings, TrialSettings
from bot.store.moments import now
from bot.store.port import ToldJoke
from bot.store.store import SqlStore
from finetune.artifacts import MANIFEST
from tests.bot.store.conftest import ask
from tests.twins.stand import ScriptedStand
from tests.twins.workshop import ScriptedWorkshop

GUILD = Community(front="discord", key="1")
RULES = LearningSettings(minimum_votes=8, held_out=0.2, member_share=1.0, clique_share=1.0)
TRIAL = TrialSettings(minimum_votes=3)


@dataclass(kw_only=True)
class Loop:
    """Everything one process has."""

    store: SqlStore
    workshop: ScriptedWorkshop
    stand: ScriptedStand
    learner: LoopLearner
    places: Places

    async def tell(self, text: str, *, version: str = "starter") -> int:
        joke_id = await self.store.open_request(ask(GUILD))
        await self.store.mark_told(
            joke_id,
            ToldJoke(
                text=text,
                fingerprint=None,
                model_version=version,
                sampling={},
                score=0.0,
                tokens=3,
                seconds=0.1,
            ),
        )
        return joke_id

    async def enough_votes(self) -> None:
        """Two members vote on some jokes, one for and one against."""
        for number in range(10):
            joke_id = await self.tell(f"Joke number {number} about something.")
            await self.store.vote(joke_id, "ann", 1)
            await self.store.vote(joke_id, "bob", -1)

    async def ended(self, run: int) -> RunReport:
        """The last report of a run."""
        reports = [report async for report in self.learner.watch(run)]
        return reports[-1]


async def make_loop(
    directory: Path,
    *,
    trial: TrialSettings = TRIAL,
    training: TrainingSettings | None = None,
    workshop: ScriptedWorkshop | None = None,
    check: Callable[[ServedModel], Awaitable[None]] | None = None,
) -> Loop:
    """A process of its own; close its learner and its store to end it."""
    store = await SqlStore.open(directory=directory)
    champion = directory / "champion"
    champion.mkdir(exist_ok=True)
    (champion / MANIFEST).touch()
    versions = store.model_versions
    stand = ScriptedStand(versions=versions, clock=now, directory=champion)
    places = Places(directory=directory)
    board = Board()
    workshop = workshop or ScriptedWorkshop(directory=directory)
    learner = LoopLearner(
        store=store,
        versions=versions,
        stand=stand,
        board=board,
        rules=RULES,
        training=training or TrainingSettings(),
        check=check,
        look_seconds=0.02,
        retraining=Retraining(
            store=store,
            versions=versions,
            workshop=workshop,
            stand=stand,
            places=places,
            rules=RULES,
            trial=trial,
            board=board,
            poll_seconds=0.02,
        ),
    )
    return Loop(store=store, workshop=workshop, stand=stand, learner=learner, places=places)


@pytest.fixture
async def loop(tmp_path: Path) -> AsyncIterator[Loop]:
    """A process with enough votes to learn from, which judges and teaches at once."""
    made = await make_loop(tmp_path)
    await made.enough_votes()
    made.workshop.may_teach.set()
    made.workshop.may_judge.set()
    made.learner.start()
    yield made
    await made.learner.close()
    await made.store.close()
