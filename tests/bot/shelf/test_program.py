"""The program with a shelf: a real worker, a real database, and the one switch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import App, open_app
from bot.jokes import Community, Joke, JokeRequest
from bot.model import ServedModel
from bot.settings import load_settings
from bot.store.shelf_port import Draw
from bot.store.version_port import VersionState
from tests.bot.made import copy_version, version_row
from tests.bot.room import HERE
from tests.bot.store.test_shelves import draw
from tests.campaigns.waiting import until

SECONDS = 100
SHELVED = 3
ASKED = JokeRequest(community=HERE, member="ada")


@asynccontextmanager
async def program(directory: Path, version: Path, **shelf: object) -> AsyncIterator[App]:
    """Punchline on the tiny model, with some settings of [shelf]."""
    file = directory / "config.toml"
    file.write_text(
        '[store]\ndirectory = "data"\n[generation]\nthreads = 1\n'
        f"[shelf]\njokes_per_shelf = {SHELVED}\nidle_share = 1.0\n"
        + "\n".join(f"{name} = {value}" for name, value in shelf.items()),
        encoding="utf-8",
    )
    settings = load_settings(path=file, environment={"HOME": str(directory)})
    model = ServedModel(name="tiny", directory=version)
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        yield app


async def draws(app: App, version: str = "tiny") -> list[Draw]:
    return list(await app.store.shelves.draws(version))


async def filled(app: App, version: str = "tiny") -> list[Draw]:
    """What is on the shelf once it is full."""
    found: list[Draw] = []
    async with asyncio.timeout(SECONDS):
        while len(found) < SHELVED:
            await asyncio.sleep(0.05)
            found = await draws(app, version)
    return found


async def told(app: App) -> Joke:
    answer = await app.service.tell(ASKED)
    assert isinstance(answer, Joke)
    return answer


def texts(found: list[Draw]) -> set[str]:
    return {joke.choice.text for draw in found for joke in draw.jokes}


@pytest.fixture(autouse=True)
def on_the_mains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine runs on."""
    monkeypatch.setattr("bot.shelf.building.POWER_SUPPLIES", tmp_path / "nothing")


async def test_idle_time_fills_it_and_a_restart_leaves_it_there(
    tmp_path: Path, tiny_version: Path
) -> None:
    async with program(tmp_path, tiny_version, quiet_seconds=0.0) as app:
        shelved = texts(await filled(app))
        assert all(joke.choice.features for draw in await draws(app) for joke in draw.jokes)
    async with program(tmp_path, tiny_version, quiet_seconds=SECONDS) as app:
        # What was on the shelf is looked at in the first moments.
        await until(lambda: not app.loading(), seconds=SECONDS)
        jokes = [await told(app) for _ in range(SHELVED)]
        assert {joke.text for joke in jokes} <= shelved
        assert await draws(app) == []
        other = await app.service.tell(
            JokeRequest(community=Community(front="memory", key="there"), member="ada")
        )
        assert isinstance(other, Joke)


async def test_a_swap_empties_it_and_the_new_version_fills_its_own(
    tmp_path: Path, tiny_version: Path
) -> None:
    copy_version(tiny_version, tmp_path / "data" / "models", "one")
    async with program(tmp_path, tiny_version, quiet_seconds=0.0) as app:
        await app.store.model_versions.add(version_row("one", state=VersionState.PASSED), voters={})
        await filled(app)
        await app.core.learner.roll_back("one")
        await filled(app, "one")
        assert await draws(app) == []
        assert (await told(app)).model_version == "one"


async def test_switched_off_there_is_none(tmp_path: Path, tiny_version: Path) -> None:
    async with program(tmp_path, tiny_version, quiet_seconds=0.0, enabled="false") as app:
        await app.store.shelves.put(
            draw("What was kept before it was switched off.", version="tiny")
        )
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert "filling the shelf" not in names
        before = await draws(app)
        assert before
        await told(app)
        assert await draws(app) == before
