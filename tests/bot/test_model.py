"""The model to serve is found, or made ready by another process, or refused in one sentence."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.model import BaseModelError, ServedModel, prepared_model, ready_model
from bot.settings import Settings, load_settings
from finetune.artifacts import BrokenVersionError, read_manifest, verify
from finetune.shipped import SHIPPED, shipped_version
from tests.campaigns.processes import children
from tests.campaigns.waiting import until
from tests.finetune.gguf_file import tiny_source, write_gguf
from tests.tiny import tiny_jokes, write_tiny_adapter

SECONDS = 50


def settings_for(base: Path | str, directory: Path, *, version: str = "auto") -> Settings:
    """Settings with this base model and version, and a cache in `directory`."""
    environment = {
        "HOME": str(directory),
        "PUNCHLINE_MODEL__BASE": str(base),
        "PUNCHLINE_MODEL__VERSION": version,
        "PUNCHLINE_MODEL__CACHE": str(directory / "cache"),
        "PUNCHLINE_STORE__DIRECTORY": str(directory / "data"),
    }
    return load_settings(path=Path(os.devnull), environment=environment)


def no_progress(stage: str, step: int, of: int) -> None:
    raise AssertionError(f"{stage} {step}/{of}")


async def prepare(settings: Settings, said: list[tuple[str, int, int]]) -> ServedModel:
    async with asyncio.timeout(SECONDS):
        return await prepared_model(settings, progress=lambda *report: said.append(report))


async def test_a_model_that_is_ready_is_used_where_it_is(
    tiny_version: Path, tmp_path: Path
) -> None:
    settings = settings_for(tiny_version, tmp_path)
    served = ServedModel(name="tiny", directory=tiny_version)
    assert ready_model(settings) == served
    assert await prepared_model(settings, progress=no_progress) == served


async def test_a_model_that_has_to_be_converted_is_made_ready_once_with_progress(
    tmp_path: Path,
) -> None:
    settings = settings_for(write_gguf(tmp_path / "tiny.gguf", tiny_source()), tmp_path)
    assert ready_model(settings) is None
    said: list[tuple[str, int, int]] = []
    model = await prepare(settings, said)
    assert model.directory.is_relative_to(tmp_path / "cache")
    assert verify(model.directory).base
    assert said
    assert all(stage and 0 <= step <= of for stage, step, of in said)
    assert said[-1][1] == said[-1][2]
    assert await prepared_model(settings, progress=no_progress) == model


async def test_a_model_that_cannot_be_made_ready_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"this is no model")
    with pytest.raises(BaseModelError) as refused:
        await prepare(settings_for(broken, tmp_path), [])
    sentence = str(refused.value)
    assert str(broken) in sentence
    assert len(sentence.splitlines()) == 1
    assert "Error:" not in sentence


async def test_giving_up_leaves_no_process_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"this is no model")
    before = children(os.getpid())
    preparing = asyncio.create_task(prepare(settings_for(broken, tmp_path), []))
    await until(lambda: children(os.getpid()) != before, seconds=SECONDS)
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    assert children(os.getpid()) == before


# Versions


def test_the_starter_is_served_with_the_version_that_ships(tmp_path: Path) -> None:
    # Its base is not converted in this new cache.
    assert ready_model(settings_for("starter", tmp_path)) is None
    shipped = read_manifest(shipped_version())
    assert shipped.version == SHIPPED
    assert shipped.base == "starter"


def test_an_adapter_is_served_on_the_base_it_names(tmp_path: Path, tiny_version: Path) -> None:
    adapter = write_tiny_adapter(tmp_path / "adapter", base=tiny_version)
    settings = settings_for("starter", tmp_path, version=str(adapter))
    assert ready_model(settings) == ServedModel(
        name="tiny-adapter", directory=adapter, base_directory=tiny_version
    )


def test_a_version_with_weights_of_its_own_needs_no_base(
    tmp_path: Path, tiny_version: Path
) -> None:
    settings = settings_for("starter", tmp_path, version=str(tiny_version))
    assert ready_model(settings) == ServedModel(name="tiny", directory=tiny_version)


def test_any_base_can_be_served_alone(tmp_path: Path, tiny_version: Path) -> None:
    settings = settings_for(tiny_version, tmp_path, version="none")
    assert ready_model(settings) == ServedModel(name="tiny", directory=tiny_version)


def test_a_directory_without_a_version_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokenVersionError) as refused:
        ready_model(settings_for("starter", tmp_path, version=str(tmp_path)))
    assert str(refused.value) == (
        f"{tmp_path} is no model version; correct model.version in config.toml."
    )


def test_a_version_brings_the_index_of_the_jokes_it_was_taught(
    tmp_path: Path, tiny_version: Path
) -> None:
    jokes = tiny_jokes()
    adapter = write_tiny_adapter(tmp_path / "adapter", base=tiny_version, taught=jokes)
    novelty = ServedModel(name="tiny-adapter", directory=adapter).novelty()
    assert novelty is not None
    assert all(map(novelty.copies, jokes))
    assert ServedModel(name="tiny", directory=tiny_version).novelty() is None
