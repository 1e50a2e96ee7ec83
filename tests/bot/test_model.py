"""The model to serve is found, or made ready by another process, or refused in one sentence."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.model import BaseModelError, ServedModel, prepared_model, ready_model
from bot.settings import Settings, load_settings
from finetune.artifacts import verify
from tests.campaigns.processes import children
from tests.campaigns.waiting import until
from tests.finetune.gguf_file import tiny_source, write_gguf

SECONDS = 50


def settings_for(base: Path, directory: Path) -> Settings:
    """Settings with this base model and a cache in `directory`."""
    environment = {
        "HOME": str(directory),
        "PUNCHLINE_MODEL__BASE": str(base),
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
    served = ServedModel(name=str(tiny_version), directory=tiny_version)
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
