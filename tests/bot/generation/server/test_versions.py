"""Versions on a server that loads adapters while it runs, and on one that does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.building import build_fleet
from bot.generation.fleet import Fleet, VersionUnservableError
from bot.generation.live import Faults
from bot.jokes import Reason
from bot.measures import Measures
from bot.model import ServedModel, ready_model
from bot.selecting import Selectors
from bot.settings import Settings, load_settings
from bot.versions import VersionFinder, models_directory
from finetune.artifacts import Manifest, write_version
from tests.bot.generation.pools import PATIENCE, request_for
from tests.campaigns.waiting import until
from tests.platforms.openai import OpenAIServer
from tests.twins.moderator import small_moderator

PLAIN = {"kind": "plain", "topic_tokens": 32, "opening_tokens": 64}


def write_adapter(models: Path, name: str) -> Path:
    """The files of a version, as far as anybody but a trainer looks at them."""
    write_version(
        directory=models / name,
        manifest=Manifest(version=name, base="humour", template=PLAIN),
        fill=lambda into: into.joinpath("adapter_config.json").write_text("{}"),
    )
    return models / name


def settings_for(directory: Path, url: str, **changes: str) -> Settings:
    environment = {
        "HOME": str(directory),
        "PUNCHLINE_STORE__DIRECTORY": str(directory / "data"),
        "PUNCHLINE_GENERATION__WHERE": "server",
        "PUNCHLINE_SERVER__URL": url,
        "PUNCHLINE_SERVER__MODEL": "humour",
        **{f"PUNCHLINE_{name}": value for name, value in changes.items()},
    }
    return load_settings(path=Path("/dev/null"), environment=environment)


@asynccontextmanager
async def fleet_on(settings: Settings) -> AsyncIterator[Fleet]:
    """A fleet that serves what the settings name."""
    origin = ready_model(settings)
    assert origin is not None
    selectors = Selectors(moderator=small_moderator())
    finder = VersionFinder(origin=origin, settings=settings)
    fleet = build_fleet(settings, finder=finder, selectors=selectors, measures=Measures())
    fleet.start(origin)
    await fleet.loaded()
    try:
        yield fleet
    finally:
        await fleet.close()


async def teller(fleet: Fleet, joke_id: int = 1) -> str:
    made = await fleet.generate(request_for("cats", joke_id=joke_id, count=4))
    return made.model_version


async def test_an_untaught_model_is_called_by_its_name_and_shown_examples(tmp_path: Path) -> None:
    async with OpenAIServer(models=["humour", "my/model"]) as server:
        settings = settings_for(tmp_path, server.url, SERVER__MODEL="my/model")
        async with fleet_on(settings) as fleet:
            assert await teller(fleet) == "my-model"
            assert server.asked[0]["model"] == "my/model"
            assert server.asked[0]["stop"] == ["\n"]


async def test_a_taught_version_that_the_server_has_as_its_model_gets_its_own_template(
    tmp_path: Path,
) -> None:
    version = write_adapter(tmp_path, "taught")
    async with OpenAIServer() as server:
        settings = settings_for(tmp_path, server.url, MODEL__VERSION=str(version))
        async with fleet_on(settings) as fleet:
            assert await teller(fleet) == "taught"
            assert server.asked[0]["model"] == "humour"
            assert server.asked[0]["prompt"] == "TOPIC: cats\nJOKE:"


async def test_champion_and_challenger_are_adapters_side_by_side_and_swapped_ones_are_unloaded(
    tmp_path: Path,
) -> None:
    origin = write_adapter(tmp_path, "taught")
    async with OpenAIServer(adapters=True) as server:
        settings = settings_for(tmp_path, server.url, MODEL__VERSION=str(origin))
        models = models_directory(settings)
        paths = {name: str(write_adapter(models, name)) for name in ("one", "two")}
        async with fleet_on(settings) as fleet:
            assert server.adapters == {"taught": str(origin)}
            await fleet.try_beside("one", 0.5)
            assert {await teller(fleet, number) for number in range(20)} == {"taught", "one"}
            assert {asked["model"] for asked in server.asked} == {"taught", "one"}
            await fleet.serve("one")
            await fleet.try_beside("two", 0.5)
            await fleet.serve("two")
            await until(lambda: "one" not in server.adapters, seconds=PATIENCE)
            assert server.adapters == {"taught": str(origin), "two": paths["two"]}
            assert await teller(fleet) == "two"
        assert "two" in server.adapters  # whoever stops leaves it to whoever comes next


async def test_a_restarted_server_is_given_its_adapter_again(tmp_path: Path) -> None:
    origin = write_adapter(tmp_path, "taught")
    async with OpenAIServer(adapters=True) as server:
        settings = settings_for(tmp_path, server.url, MODEL__VERSION=str(origin))
        async with fleet_on(settings) as fleet:
            server.adapters.clear()
            assert await teller(fleet) == "taught"
            assert list(server.adapters) == ["taught"]


async def test_another_bots_version_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    origin = write_adapter(tmp_path, "taught")
    async with OpenAIServer(adapters=True) as server:
        server.adapters["taught"] = "/somewhere/else/taught"
        settings = settings_for(tmp_path, server.url, MODEL__VERSION=str(origin))
        async with fleet_on(settings) as fleet:
            assert await teller(fleet) == "taught"
            assert server.asked[0]["model"].startswith("taught-")
            assert server.adapters[server.asked[0]["model"]] == str(origin)


async def test_the_server_is_told_the_path_that_it_sees(tmp_path: Path) -> None:
    origin = write_adapter(tmp_path, "taught")
    there = tmp_path / "mounted"
    write_adapter(there, "one")
    async with OpenAIServer(adapters=True) as server:
        settings = settings_for(
            tmp_path, server.url, MODEL__VERSION=str(origin), SERVER__MODELS=str(there)
        )
        write_adapter(models_directory(settings), "one")
        async with fleet_on(settings) as fleet:
            await fleet.serve("one")
            assert server.adapters["one"] == str(there / "one")


@pytest.mark.parametrize("adapters", [True, False])
async def test_a_version_that_cannot_be_loaded_changes_nothing(
    tmp_path: Path, adapters: bool
) -> None:
    async with OpenAIServer(adapters=adapters) as server:
        settings = settings_for(
            tmp_path, server.url, SERVER__MODELS=str(tmp_path / "nothing is here")
        )
        write_adapter(models_directory(settings), "one")
        async with fleet_on(settings) as fleet:
            why = "does not load it from .*No adapter found" if adapters else "cannot load it while"
            with pytest.raises(VersionUnservableError, match=f"one cannot be served: .*{why}"):
                await fleet.serve("one")
            assert await teller(fleet) == "humour"


async def test_no_version_is_to_blame_for_a_server_that_is_away(tmp_path: Path) -> None:
    async with OpenAIServer() as server, fleet_on(settings_for(tmp_path, server.url)) as fleet:
        await server.stop()
        with pytest.raises(Exception, match=Reason.MODEL_DOWN.value):
            await teller(fleet)
        assert fleet.faults("humour") == Faults()


def test_what_the_server_has_needs_no_files_here(tmp_path: Path) -> None:
    model = ready_model(settings_for(tmp_path, "http://127.0.0.1:1/v1"))
    assert isinstance(model, ServedModel)
    assert model.name == "humour"
    assert model.novelty() is None
    assert list(tmp_path.iterdir()) == []
