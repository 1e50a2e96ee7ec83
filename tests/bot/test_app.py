"""How the program is put together, how it ends, and what that means for whoever waits."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.announcing import Announcer
from bot.app import App, ExitCode, open_app, run_fronts, until_terminated
from bot.fronts.port import FrontRefusedError, InterruptedByMemberError
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest, Reason
from bot.model import ServedModel
from bot.settings import Settings, load_settings
from bot.store.errors import StoreError
from tests.bot.generation.pools import Journal, pool_of, serving
from tests.campaigns.processes import alive, children
from tests.campaigns.waiting import until
from tests.tiny import tiny_jokes, write_tiny_adapter
from tests.twins.core import core_on
from tests.twins.front import MemoryFront
from tests.twins.store import MemoryStore

SECONDS = 50
HERE = Community(front="memory", key="here")


def settings_in(directory: Path, **changes: str) -> Settings:
    """Settings that keep everything in `directory`; changes are named as in the environment."""
    file = directory / "config.toml"
    file.write_text('[store]\ndirectory = "data"\n', encoding="utf-8")
    environment = {f"PUNCHLINE_{name}": value for name, value in changes.items()}
    return load_settings(path=file, environment={"HOME": str(directory), **environment})


class Stage:
    """An app whose worker does what topics say: `hold` waits for `release`."""

    def __init__(self, app: App, store: MemoryStore, journal: Journal) -> None:
        self.app = app
        self.store = store
        self._journal = journal

    def ask(self, topic: str) -> "asyncio.Task[Answer]":
        request = JokeRequest(community=HERE, member="ada", topic=topic)
        return asyncio.create_task(self.app.service.tell(request))

    async def begun(self, topic: str) -> None:
        """Wait until the worker has a request in hand."""
        await until(lambda: topic in self._journal.events("generate"), seconds=SECONDS)

    def run(self, *fronts: MemoryFront) -> "asyncio.Task[int]":
        return asyncio.create_task(run_fronts(self.app, fronts))


@asynccontextmanager
async def stage(
    directory: Path,
    *,
    store: MemoryStore | None = None,
    grace_seconds: float = SECONDS,
    late: bool = False,
) -> AsyncIterator[Stage]:
    """With `late` the worker is still loading its model, and will be for longer than any test."""
    journal = Journal(directory / "journal")
    command = journal.version("scripted", "late" if late else "")
    async with asyncio.timeout(SECONDS), pool_of(command) as pool:
        kept = store or MemoryStore()
        settings = settings_in(directory, SERVICE__GRACE_SECONDS=str(grace_seconds))
        core = core_on(store=kept, generator=pool)
        app = App(
            core=core,
            fleet=pool,  # type: ignore[arg-type]
            store=kept,  # type: ignore[arg-type]
            settings=settings,
            announcer=Announcer(learner=core.learner),
        )
        if not late:
            await serving(pool)
        yield Stage(app, kept, journal)


def signal_self(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def only_this_task() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


# Running front-ends


async def test_the_program_ends_when_its_last_front_end_has_ended(tmp_path: Path) -> None:
    first, second = MemoryFront(), MemoryFront(name="second")
    async with stage(tmp_path) as here:
        running = here.run(first, second)
        await first.started.wait()
        first.stop()
        await asyncio.sleep(0.01)
        assert not running.done()
        second.stop()
        assert await running == ExitCode.CLEAN


async def test_ctrl_c_is_first_for_whoever_waits(tmp_path: Path) -> None:
    front = MemoryFront()
    front.waiting = True
    async with stage(tmp_path) as here:
        running = here.run(front)
        await front.started.wait()
        signal_self(signal.SIGINT)
        await until(lambda: front.interrupted == 1, seconds=SECONDS)
        assert not running.done()
        front.waiting = False
        signal_self(signal.SIGINT)
        assert await running == ExitCode.INTERRUPTED


async def test_ctrl_c_at_a_prompt_interrupts_the_program(tmp_path: Path) -> None:
    front = MemoryFront()
    front.failure = InterruptedByMemberError()
    async with stage(tmp_path) as here:
        assert await here.run(front) == ExitCode.INTERRUPTED


async def test_a_front_end_that_fails_ends_the_others_and_is_heard_of(tmp_path: Path) -> None:
    healthy, sick = MemoryFront(), MemoryFront(name="sick")
    sick.failure = ConnectionError("no such platform")
    async with stage(tmp_path) as here:
        before = asyncio.all_tasks()
        with pytest.raises(ConnectionError, match="no such platform"):
            await here.run(healthy, sick)
        assert asyncio.all_tasks() == before


async def test_a_front_end_that_is_refused_at_its_start_ends_the_program(tmp_path: Path) -> None:
    healthy, refused = MemoryFront(), MemoryFront(name="refused")
    refused.failure = FrontRefusedError("The token is wrong.", at_start=True)
    async with stage(tmp_path) as here:
        before = asyncio.all_tasks()
        with pytest.raises(FrontRefusedError, match=r"The token is wrong\.") as caught:
            await here.run(healthy, refused)
        assert caught.value is refused.failure
        assert asyncio.all_tasks() == before


async def test_a_front_end_that_is_refused_later_leaves_the_others_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    healthy, refused = MemoryFront(), MemoryFront(name="refused")
    refused.failure = FrontRefusedError("The token was revoked.", at_start=False)
    async with stage(tmp_path) as here:
        running = here.run(healthy, refused)
        await until(lambda: "The token was revoked." in caplog.text, seconds=SECONDS)
        await asyncio.sleep(0.01)
        assert not running.done()
        healthy.stop()
        assert await running == ExitCode.CLEAN


# Stopping


async def test_sigterm_lets_running_jokes_finish_and_apologises_to_the_rest(tmp_path: Path) -> None:
    front = MemoryFront()
    async with stage(tmp_path) as here:
        running = here.run(front)
        in_hand = here.ask("hold")
        await here.begun("hold")
        in_line = here.ask("cats")
        await until(lambda: here.app.fleet.status.waiting == 1, seconds=SECONDS)
        signal_self(signal.SIGTERM)
        assert await in_line == Declined(reason=Reason.CLOSING)
        assert await here.ask("dogs") == Declined(reason=Reason.CLOSING)
        assert not in_hand.done()
        assert not running.done()
        in_hand.cancel()
        assert await running == ExitCode.CLEAN
    assert [row.state for row in here.store.rows.values()] == ["declined"] * 2


async def test_a_joke_that_outlasts_the_grace_period_becomes_an_apology(tmp_path: Path) -> None:
    front = MemoryFront()
    async with stage(tmp_path, grace_seconds=0.1) as here:
        running = here.run(front)
        in_hand = here.ask("hold")
        await here.begun("hold")
        signal_self(signal.SIGTERM)
        assert await running == ExitCode.CLEAN
        assert await in_hand == Declined(reason=Reason.CLOSING)
    assert [row.reason for row in here.store.rows.values()] == [Reason.CLOSING]


async def test_requests_from_before_the_restart_are_answered_while_front_ends_run(
    tmp_path: Path,
) -> None:
    store = MemoryStore()
    request = JokeRequest(community=HERE, member="ada", topic="cats", address="chat 1")
    await store.open_request(request)
    front = MemoryFront()
    async with stage(tmp_path, store=store.successor()) as here:
        running = here.run(front)
        await until(lambda: "chat 1" in front.delivered, seconds=SECONDS)
        front.stop()
        assert await running == ExitCode.CLEAN
    (answer,) = front.delivered["chat 1"]
    assert isinstance(answer, Joke)


async def test_a_store_out_of_reach_at_recovery_does_not_keep_the_bot_from_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    front = MemoryFront()
    async with stage(tmp_path) as here:
        here.store.unavailable = True
        running = here.run(front)
        await until(lambda: "could not be recovered" in caplog.text, seconds=SECONDS)
        assert not running.done()
        front.stop()
        assert await running == ExitCode.CLEAN


# SIGTERM before anything listens


async def test_work_that_ends_by_itself_gives_its_exit_code() -> None:
    async def work() -> int:
        return 7

    assert await until_terminated(work()) == 7
    assert only_this_task()


async def test_sigterm_cancels_work_which_may_clean_up_and_that_is_a_clean_end() -> None:
    cleaned = False

    async def work() -> int:
        nonlocal cleaned
        signal_self(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned = True
        return 1

    assert await until_terminated(work()) == ExitCode.CLEAN
    assert cleaned


async def test_being_cancelled_is_not_a_clean_end() -> None:
    waiting = asyncio.create_task(until_terminated(_forever()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert only_this_task()


async def _forever() -> int:
    await asyncio.Event().wait()
    return 0


async def test_an_app_is_loading_until_its_worker_serves(tmp_path: Path) -> None:
    async with stage(tmp_path, late=True) as here:
        assert here.app.loading()
    async with stage(tmp_path) as here:
        assert not here.app.loading()


# The real thing


async def test_an_opened_app_tells_jokes_and_leaves_no_process_behind(
    tmp_path: Path, tiny_version: Path
) -> None:
    settings = settings_in(tmp_path, MODEL__BASE=str(tiny_version), GENERATION__THREADS="1")
    async with (
        asyncio.timeout(SECONDS),
        open_app(settings, model=ServedModel(name="tiny", directory=tiny_version)) as app,
    ):
        joke = await app.service.tell(JokeRequest(community=HERE, member="ada", topic="cat"))
        assert isinstance(joke, Joke)
        assert joke.model_version == "tiny"
        assert not app.loading()
        worker = app.fleet.status.worker.pid
        assert worker is not None
        assert alive(worker)
    assert not alive(worker)
    assert await app.service.tell(JokeRequest(community=HERE, member="ada")) == Declined(
        reason=Reason.CLOSING
    )


async def test_an_adapter_tells_nothing_that_it_was_taught(
    tmp_path: Path, tiny_version: Path
) -> None:
    adapter = write_tiny_adapter(tmp_path / "adapter", base=tiny_version, taught=tiny_jokes())
    settings = settings_in(tmp_path, GENERATION__THREADS="1", GENERATION__TEMPERATURE="0")
    model = ServedModel(name="tiny-adapter", directory=adapter, base_directory=tiny_version)
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        answer = await app.service.tell(JokeRequest(community=HERE, member="ada", topic="cat"))
        ready = app.fleet.status.worker.ready
        assert ready is not None
        assert ready.version == "tiny-adapter"
    assert answer == Declined(reason=Reason.NOTHING_FIT)


async def test_an_app_whose_store_cannot_be_opened_leaves_no_process_behind(
    tmp_path: Path, tiny_version: Path
) -> None:
    (tmp_path / "data").write_text("not a directory", encoding="utf-8")
    before = children(os.getpid())
    opening = open_app(
        settings_in(tmp_path), model=ServedModel(name="tiny", directory=tiny_version)
    )
    with pytest.raises(StoreError):
        await opening.__aenter__()
    assert children(os.getpid()) == before
