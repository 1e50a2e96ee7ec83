"""Taste as the settings say, in the whole program with a real worker."""

import asyncio
from pathlib import Path

from bot.app import open_app
from bot.jokes import Community, Joke, JokeRequest
from bot.model import ServedModel
from bot.settings import Settings, load_settings
from bot.taste.building import build_taste
from tests.twins.store import MemoryStore

SECONDS = 60
HERE = Community(front="terminal", key="here")


def settings_in(directory: Path, **changes: str) -> Settings:
    chosen = {f"PUNCHLINE_{name}": value for name, value in changes.items()}
    usual = {
        "PUNCHLINE_STORE__DIRECTORY": str(directory / "data"),
        "PUNCHLINE_GENERATION__THREADS": "1",
        "PUNCHLINE_GENERATION__CANDIDATES": "1",
    }
    return load_settings(path=None, environment={**usual, **chosen})


def test_one_setting_switches_it_off(tmp_path: Path) -> None:
    tastes = MemoryStore().tastes
    assert build_taste(settings_in(tmp_path), tastes) is not None
    assert build_taste(settings_in(tmp_path, TASTE__ENABLED="false"), tastes) is None


async def test_a_running_bot_reads_the_shipped_jokes_and_keeps_what_it_makes_of_its_own(
    tmp_path: Path, tiny_version: Path
) -> None:
    model = ServedModel(name="tiny", directory=tiny_version)
    async with (
        asyncio.timeout(SECONDS),
        open_app(settings_in(tmp_path), model=model) as app,
    ):
        joke = await app.service.tell(JokeRequest(community=HERE, member="ada", topic="cat"))
        assert isinstance(joke, Joke)
        read = await app.store.tastes.features("tiny", [joke.id])
        assert (read[joke.id].text, len(read[joke.id].features)) == (joke.text, 2 * 64)
        for _ in range(SECONDS * 10):
            if await app.store.tastes.basis("tiny") is not None:
                break
            await asyncio.sleep(0.1)
        assert await app.store.tastes.basis("tiny") is not None
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "reading jokes"]


async def test_switched_off_nothing_is_read(tmp_path: Path, tiny_version: Path) -> None:
    model = ServedModel(name="tiny", directory=tiny_version)
    settings = settings_in(tmp_path, TASTE__ENABLED="false")
    async with asyncio.timeout(SECONDS), open_app(settings, model=model) as app:
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not names & {"reading jokes", "learning tastes"}
        joke = await app.service.tell(JokeRequest(community=HERE, member="ada", topic="cat"))
        assert isinstance(joke, Joke)
