"""A version is found by its name, whole, and nowhere but where versions are."""

import os
import shutil
from pathlib import Path

import pytest

from bot.model import BaseModelError, ServedModel
from bot.settings import load_settings
from bot.versions import VersionFinder
from finetune.artifacts import BrokenVersionError
from tests.bot.learning.serving import damage
from tests.bot.made import copy_version
from tests.tiny import write_tiny_adapter


@pytest.fixture
def finder(tmp_path: Path, tiny_version: Path) -> VersionFinder:
    environment = {"HOME": str(tmp_path), "PUNCHLINE_STORE__DIRECTORY": str(tmp_path / "data")}
    settings = load_settings(path=Path(os.devnull), environment=environment)
    return VersionFinder(origin=ServedModel(name="tiny", directory=tiny_version), settings=settings)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


async def test_the_origin_is_where_the_configuration_says(
    finder: VersionFinder, tiny_version: Path
) -> None:
    assert await finder("tiny") == ServedModel(name="tiny", directory=tiny_version)


async def test_a_version_made_here_is_in_the_store_s_directory(
    finder: VersionFinder, models: Path, tiny_version: Path
) -> None:
    made = copy_version(tiny_version, models, "one")
    assert await finder("one") == ServedModel(name="one", directory=made)


async def test_an_adapter_is_found_with_its_base(
    finder: VersionFinder, models: Path, tiny_version: Path
) -> None:
    adapter = write_tiny_adapter(models / "tiny-adapter", base=tiny_version)
    assert await finder("tiny-adapter") == ServedModel(
        name="tiny-adapter", directory=adapter, base_directory=tiny_version
    )
    shutil.rmtree(adapter)
    write_tiny_adapter(models / "tiny-adapter", base=tiny_version)
    (models / "tiny-adapter" / "punchline.json").unlink()
    with pytest.raises(BrokenVersionError):
        await finder("tiny-adapter")


@pytest.mark.parametrize("name", ["../tiny", "", ".", "one/two", "nothing-there", "/tmp"])
async def test_what_is_no_version_is_one_sentence(finder: VersionFinder, name: str) -> None:
    with pytest.raises((BrokenVersionError, BaseModelError)) as refused:
        await finder(name)
    assert len(str(refused.value).splitlines()) == 1


async def test_a_version_that_is_damaged_or_another_one_is_refused(
    finder: VersionFinder, models: Path, tiny_version: Path
) -> None:
    damage(copy_version(tiny_version, models, "one"))
    with pytest.raises(BrokenVersionError, match="is damaged"):
        await finder("one")
    copy_version(tiny_version, models, "two").rename(models / "three")
    with pytest.raises(BrokenVersionError, match="holds another version, two"):
        await finder("three")
