"""Whoever asks to retrain hears beforehand when the server could not serve what comes of it."""

from pathlib import Path

import pytest

from bot.generation.server.client import ServerAddress
from bot.languages import Languages
from bot.learning.port import LearningRefused
from bot.learning.swapping import ServerSwap
from bot.model import ServedModel
from finetune.artifacts import ADAPTER_CONFIG, MANIFEST
from tests.bot.learning.conftest import make_loop
from tests.platforms.openai import OpenAIServer


async def refusal(server: OpenAIServer, champion: Path) -> str:
    check = ServerSwap(address=ServerAddress(url=server.url))
    try:
        await check(ServedModel(name="one", directory=champion))
    except LearningRefused as refused:
        return str(refused)
    return ""


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    (tmp_path / ADAPTER_CONFIG).touch()
    return tmp_path


async def test_a_server_that_loads_adapters_is_no_obstacle(adapter: Path) -> None:
    async with OpenAIServer(adapters=True) as server:
        assert await refusal(server, adapter) == ""
        assert server.adapters == {}


async def test_a_server_that_cannot_swap_is_named_as_the_reason(adapter: Path) -> None:
    async with OpenAIServer() as server:
        said = await refusal(server, adapter)
    assert said == (
        "The server that tells my jokes cannot swap models while it runs, so I cannot learn here."
    )


async def test_a_version_that_is_no_adapter_cannot_be_taught_further(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).touch()
    async with OpenAIServer(adapters=True) as server:
        assert "one is no adapter" in await refusal(server, tmp_path)


async def test_a_server_that_is_away_is_waited_for(adapter: Path) -> None:
    server = OpenAIServer(adapters=True)
    await server.start()
    await server.stop()
    assert "does not answer" in await refusal(server, adapter)


async def test_nothing_is_begun_and_the_refusal_can_be_read_in_every_language(
    tmp_path: Path,
) -> None:
    async with OpenAIServer() as server:
        check = ServerSwap(address=ServerAddress(url=server.url))
        loop = await make_loop(tmp_path, check=check)
        (tmp_path / "champion" / ADAPTER_CONFIG).touch()
        await loop.enough_votes()
        with pytest.raises(LearningRefused) as caught:
            await loop.learner.retrain()
        assert await loop.store.model_versions.last() is None
        await loop.learner.close()
        await loop.store.close()
    german = Languages.load().of("de").say(caught.value.text, **caught.value.values)
    assert german != str(caught.value)
