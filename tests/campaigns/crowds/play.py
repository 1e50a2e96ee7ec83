"""A crowd with a hidden taste plays the whole loop with the real bot."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.app import App, open_app
from bot.generation.supervisor import WorkerState
from bot.learning.places import Places
from bot.model import ServedModel, made_model, prepared_model
from bot.settings import Settings, StoreSettings
from finetune.artifacts import MANIFEST
from tests.campaigns.crowds.audience import Audience
from tests.campaigns.crowds.figures import Growth, Shares
from tests.campaigns.crowds.lesson import Trickle, retrained
from tests.campaigns.crowds.measuring import Measure
from tests.campaigns.crowds.members import MEMBERS, Electorate
from tests.campaigns.crowds.rules import HiddenTaste
from tests.campaigns.waiting import until

__all__ = ["Plan", "play"]

_START_SECONDS = 300.0
_READING_SECONDS = 600.0
_LEARNING_SECONDS = 2.0
_PAUSE_SECONDS = 0.5
_LOOKS = (0, 25, 50, 100, 200)
_QUIET_JOKES = 40
_BEFORE = "before"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is tried: `jokes` of either kind are drawn each time the shares are measured.

    The rest of `settings` is as anybody's. Without `retrain` nothing but the taste model learns.
    """

    taste: HiddenTaste
    votes: int
    votes_each: int
    jokes: int
    sabotaged: bool
    retrain: bool
    crowd_decides: bool
    seed: int
    settings: Settings

    def looks(self) -> list[int]:
        """After how many votes the shares are measured."""
        return [votes for votes in _LOOKS if votes < self.votes] + [self.votes]


async def play(plan: Plan, *, say: Callable[[str], None]) -> Growth:
    """Vote, measure, retrain and measure again; what the plan's store holds before counts too."""
    model = await prepared_model(plan.settings, progress=_silence)
    async with _serving(plan.settings, model) as app:
        audience = _audience(app, plan, random.Random(plan.seed))
        growth = Growth(
            taste=plan.taste.words,
            sabotaged=plan.sabotaged,
            recipe=plan.settings.training.recipe,
            with_taste_model=plan.settings.taste.enabled,
            by_votes=await _voting(app, audience, plan, say),
        )
        if plan.retrain:
            growth = await _learning(app, audience, growth, plan, say)
    if growth.taught is not None and not growth.served:
        growth = await _beside(growth, plan, say)
    return replace(growth, cast=dict(audience.cast))


async def _voting(
    app: App, audience: Audience, plan: Plan, say: Callable[[str], None]
) -> Sequence[Shares]:
    found, measure = [], Measure(app=app, audience=audience, jokes=plan.jokes)
    for votes in plan.looks():
        await audience.vote_until(votes)
        # A vote is learned from within a second.
        await asyncio.sleep(_LEARNING_SECONDS)
        if plan.settings.taste.enabled:
            await _read(app)
        shares = await measure.shares()
        auc = (
            f", AUC {shares.auc.value:.2f}, {shares.auc_rule.value:.2f}"
            if shares.auc and shares.auc_rule
            else ""
        )
        say(
            f"{plan.taste}, {votes} votes: {shares.told.value:.1%}, raw {shares.raw.value:.1%}{auc}"
        )
        found.append(shares)
    return found


async def _learning(
    app: App, audience: Audience, growth: Growth, plan: Plan, say: Callable[[str], None]
) -> Growth:
    trickle = Trickle(audience=audience, source=random.Random(plan.seed + 1))
    trickle.doing = _BEFORE
    say("waiting for single jokes before training")
    await trickle.run(jokes=_QUIET_JOKES)
    taught = await retrained(app, trickle, crowd_decides=plan.crowd_decides, say=say)
    growth = replace(growth, taught=taught, latency=trickle.latencies)
    if taught.version is None or app.core.serving() != taught.version:
        return growth
    if plan.settings.taste.enabled:
        say("the new version reads the jokes that were voted on")
        await _read(app)
    after = await Measure(app=app, audience=audience, jokes=plan.jokes).shares()
    say(f"{plan.taste}, retrained: {after.told.value:.1%}, raw {after.raw.value:.1%}")
    return replace(growth, after=after, served=True)


async def _beside(growth: Growth, plan: Plan, say: Callable[[str], None]) -> Growth:
    """What a version would tell that does not serve, in a store of its own and without votes."""
    made = growth.taught and growth.taught.version
    directory = plan.settings.store.directory
    version = Places(directory=directory).version(made or "")
    if not made or not (version / MANIFEST).is_file():
        return growth
    say(f"{made} does not serve; what it would tell is measured all the same")
    store = StoreSettings(directory=directory / "apart")
    apart = plan.settings.model_copy(update={"store": store})
    async with _serving(apart, made_model(version, apart)) as app:
        audience = _audience(app, plan, random.Random(plan.seed))
        measure = Measure(app=app, audience=audience, jokes=plan.jokes)
        return replace(growth, after=await measure.shares())


def _audience(app: App, plan: Plan, source: random.Random) -> Audience:
    return Audience(
        service=app.service,
        taste=plan.taste,
        electorate=Electorate.of(MEMBERS, sabotaged=plan.sabotaged),
        votes_each=plan.votes_each,
        source=source,
    )


@asynccontextmanager
async def _serving(settings: Settings, model: ServedModel) -> AsyncIterator[App]:
    """A started app in this process, its worker ready. Raises `TimeoutError`."""
    async with open_app(settings, model=model) as app:
        await until(
            lambda: app.fleet.status.worker.state is WorkerState.SERVING, seconds=_START_SECONDS
        )
        yield app


async def _read(app: App) -> None:
    """Wait until the version that serves has read all voted jokes. Raises `TimeoutError`."""
    version, tastes, votes = app.core.serving(), app.store.tastes, app.settings.taste.votes

    async def unread() -> bool:
        if await tastes.basis(version) is None:
            return True
        return bool(await tastes.unread(version, votes=votes, limit=1))

    async with asyncio.timeout(_READING_SECONDS):
        while await unread():  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(_PAUSE_SECONDS)
    await asyncio.sleep(_LEARNING_SECONDS)


def _silence(_stage: str, _step: int, _of: int) -> None:
    """Preparing a base model is no part of this."""
