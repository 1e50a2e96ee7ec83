"""Builds everything from settings, starts it, drains it, stops it."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.announcing import Announcer
from bot.building import build_core, build_fleet, build_roster, telling_policy
from bot.core import Core
from bot.fronts.port import Front, FrontRefusedError, InterruptedByMemberError
from bot.generation.fleet import Fleet
from bot.generation.supervisor import WorkerState
from bot.keeping import kept_up
from bot.learning.building import build_learner
from bot.measures import Measures
from bot.model import ServedModel
from bot.pausing import Pause
from bot.recovery import Recovery
from bot.selecting import Selectors
from bot.service import JokeService
from bot.settings import Settings
from bot.shelf.building import build_shelf, kept_filled
from bot.shelf.shelf import Shelf
from bot.store.store import SqlStore
from bot.taste.building import build_taste, kept_learning
from bot.traffic import Traffic
from bot.versions import VersionFinder

__all__ = ["App", "ExitCode", "open_app", "run_fronts", "until_terminated"]

_LAST_WORDS_SECONDS = 5.0

_log = logging.getLogger("punchline.app")


class ExitCode:
    """How the program ends; 78 is systemd's EX_CONFIG, so that it is not restarted for nothing."""

    CLEAN = 0
    FAILURE = 1
    CONFIGURATION = 78
    INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class App:
    """A running Punchline."""

    core: Core
    fleet: Fleet
    store: SqlStore
    settings: Settings
    announcer: Announcer
    shelf: Shelf | None = None
    measures: Measures = field(default_factory=Measures)

    @property
    def service(self) -> JokeService:
        """The service behind every front-end."""
        return self.core.jokes

    def loading(self) -> bool:
        """Whether the model is still being loaded."""
        return self.fleet.status.worker.state is WorkerState.STARTING

    async def drain(self) -> None:
        """Take no more requests, let running jokes finish, apologise to the rest."""
        self.service.stop_accepting()
        self.fleet.stop_accepting()
        await self.service.finished(seconds=self.settings.service.grace_seconds)
        await self.fleet.close()
        if not await self.service.finished(seconds=_LAST_WORDS_SECONDS):
            _log.error("Some requests could not be closed; the next start will do it.")


@asynccontextmanager
async def open_app(
    settings: Settings, *, model: ServedModel, alone: bool = False
) -> AsyncIterator[App]:
    """A started app; leaving the context drains and stops it.

    `model` is the version that all began with; which one serves now is in the database. The worker
    loads it while the rest gets ready and after. An app that is `alone` lives for a moment: it does
    not follow when another version is to serve, learns nothing and has no shelf. Raises what
    `SqlStore.open` raises.
    """
    selectors, finder = Selectors(), VersionFinder(origin=model, settings=settings)
    measures = Measures()
    fleet = build_fleet(settings, finder=finder, selectors=selectors, measures=measures)
    loading = asyncio.create_task(selectors.load(), name="selectors")
    try:
        store = await SqlStore.open(
            directory=settings.store.directory, url=settings.store.url, measures=measures
        )
        try:
            roster = build_roster(settings, store=store, fleet=fleet, finder=finder)
            learner = build_learner(settings, store=store, stand=roster)
            announcer = Announcer(learner=learner)
            roster.on_rollback = announcer.rolled_back
            champion = await roster.begin()
            pause = Pause(records=store.records)
            await pause.recall()
            await selectors.begin(champion)
            taste = build_taste(settings, store.tastes)
            shelf = None if alone else build_shelf(settings.shelf, fleet)
            traffic = Traffic()
            app = App(
                core=build_core(
                    settings,
                    store=store,
                    fleet=fleet,
                    pause=pause,
                    learner=learner,
                    selectors=selectors,
                    taste=taste,
                    shelf=shelf,
                    traffic=traffic,
                    measures=measures,
                ),
                fleet=fleet,
                store=store,
                settings=settings,
                announcer=announcer,
                shelf=shelf,
                measures=measures,
            )
            # What has been built stays: without this, each full collection walks through all of it
            # and makes the loop some 50 ms late.
            gc.collect()
            gc.freeze()
            try:
                if not alone:
                    roster.start()
                    learner.start()
                async with (
                    kept_up(
                        {} if alone else {"pause": pause.follow},
                        log=_log,
                        complaint="Whether jokes are paused could not be asked.",
                    ),
                    kept_learning(
                        None if alone else taste,
                        settings=settings,
                        tastes=store.tastes,
                        embedders=lambda: fleet.embedders,
                    ),
                    kept_filled(
                        shelf,
                        settings=settings.shelf,
                        policy=telling_policy(settings),
                        tiers=app.core.communities.tiers,
                        fleet=fleet,
                        selectors=selectors,
                        store=store,
                        pause=pause,
                        traffic=traffic,
                    ),
                ):
                    yield app
            finally:
                await learner.close()
                await roster.close()
                await app.drain()
        finally:
            await store.close()
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        await fleet.close()


async def until_terminated(work: Coroutine[Any, Any, int]) -> int:
    """Do `work`; a SIGTERM that nothing inside listens for cancels it, and that is a clean end."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return ExitCode.CLEAN
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def run_fronts(app: App, fronts: Sequence[Front]) -> int:
    """Run front-ends until all have ended or a signal comes; returns the exit code.

    SIGTERM ends cleanly. SIGINT first gives up what a person waits for, and ends the program when
    nobody waits. A front-end that its platform refuses ends the program at its start; later, it
    leaves the others alone. Whatever else a front-end raises is raised.
    """
    loop = asyncio.get_running_loop()
    ending: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ending.done():
            ending.set_result(code)

    def interrupt() -> None:
        if not any(front.interrupt() for front in fronts):
            end(ExitCode.INTERRUPTED)

    loop.add_signal_handler(signal.SIGTERM, end, ExitCode.CLEAN)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    recovering = asyncio.create_task(_recover(app, fronts), name="recovery")
    announcing = asyncio.create_task(app.announcer.run(fronts), name="announcements")
    running = [asyncio.create_task(_run_front(front), name=front.name) for front in fronts]
    everyone = asyncio.gather(*running)
    try:
        ends: set[asyncio.Future[Any]] = {everyone, ending}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            await everyone
            return ExitCode.CLEAN
        for front in fronts:
            front.stop()
        await app.drain()
        await asyncio.wait({everyone}, timeout=_LAST_WORDS_SECONDS)
        return ending.result()
    except InterruptedByMemberError:
        return ExitCode.INTERRUPTED
    finally:
        others = (recovering, announcing)
        for task in (*others, *running):
            task.cancel()
        await asyncio.gather(*others, everyone, *running, return_exceptions=True)
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)


async def _run_front(front: Front) -> None:
    try:
        await front.run()
    except FrontRefusedError as refused:
        if refused.at_start:
            raise
        _log.error("%s", refused)


async def _recover(app: App, fronts: Sequence[Front]) -> None:
    try:
        by_name = {front.name: front for front in fronts}
        answered = await Recovery(service=app.service, fronts=by_name).run()
    except Exception:
        _log.exception("Requests from before the restart could not be recovered.")
    else:
        if answered:
            _log.info("Answered %d requests from before the restart.", answered)
