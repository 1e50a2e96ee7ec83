"""What a version is on the cluster follows from the settings and from its weights."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from bot.generation.cluster.application import PREFIX, Application
from bot.generation.cluster.building import GatewayProcess, application_of
from bot.generation.cluster.process import REFUSED
from bot.model import ServedModel
from bot.settings import GenerationSettings, RaySettings, Settings
from finetune.artifacts import MANIFEST


def settings(**ray: object) -> Settings:
    return Settings(
        generation=GenerationSettings(where="ray", slots=32, candidates=4),
        ray=RaySettings.model_validate({"max_replicas": 3, **ray}),
    )


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    directory = tmp_path / "funny"
    directory.mkdir()
    (directory / MANIFEST).write_text('{"version": "funny"}')
    return ServedModel(name="funny", directory=directory)


def test_an_application_is_called_after_its_weights(model: ServedModel) -> None:
    first = application_of(settings(), model)
    assert first.name.startswith(f"{PREFIX}funny-")
    assert application_of(settings(max_replicas=5), model).name == first.name
    (model.directory / MANIFEST).write_text('{"version": "funny", "base": "other"}')
    assert application_of(settings(), model).name != first.name


def test_other_settings_give_the_same_application_another_form(model: ServedModel) -> None:
    first = application_of(settings(), model)
    assert application_of(settings(), model).digest == first.digest
    for change in (
        {"num_gpus": 0.25},
        {"upscale_delay_seconds": 5},
        {"downscale_delay_seconds": 5},
    ):
        assert application_of(settings(**change), model).digest != first.digest


def test_bots_that_keep_their_weights_in_other_places_agree_on_the_form(
    model: ServedModel, tmp_path: Path
) -> None:
    url = str(tmp_path / "shared")
    elsewhere = tmp_path / "elsewhere" / model.directory.name
    shutil.copytree(model.directory, elsewhere)
    ours = application_of(settings(models_url=url), model)
    theirs = application_of(
        settings(models_url=url), ServedModel(name=model.name, directory=elsewhere)
    )
    assert (ours.name, ours.digest) == (theirs.name, theirs.digest)
    assert str(tmp_path / "elsewhere") not in theirs.encoded_plan()


def test_a_replica_is_given_as_many_jokes_as_its_slots_hold(model: ServedModel) -> None:
    usual = application_of(settings(), model)
    assert (usual.scale.at_once, usual.scale.target) == (8, 4.0)
    chosen = application_of(settings(max_ongoing_requests=2, target_ongoing_requests=1.5), model)
    assert (chosen.scale.at_once, chosen.scale.target) == (2, 1.5)


def test_the_bot_admits_what_all_replicas_together_can_do() -> None:
    assert settings().jokes_at_once == 24
    assert settings(max_ongoing_requests=2).jokes_at_once == 6
    assert Settings().jokes_at_once == Settings().generation.jokes_at_once


def test_an_application_travels_as_text(model: ServedModel, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    taught = ServedModel(name="funny", directory=model.directory, base_directory=base)
    for each in (model, taught):
        whole = application_of(settings(models_url=str(tmp_path / "shared")), each)
        assert Application.decoded(whole.encoded()) == whole


@pytest.mark.parametrize(("status", "outage"), [(REFUSED, False), (75, True), (1, True)])
async def test_only_a_refused_version_is_to_blame_for_the_end_of_its_gateway(
    status: int, outage: bool
) -> None:
    gateway = await GatewayProcess.start((sys.executable, "-c", f"raise SystemExit({status})"))
    async with asyncio.timeout(20):
        assert await gateway.report() is None
        await gateway.stop()
    assert gateway.outage is outage
