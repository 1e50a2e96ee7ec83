"""A base's shape is found without its weights, or the base is refused in a sentence."""

import json
import shutil
from pathlib import Path

import pytest

from finetune.artifacts import Manifest, write_version
from finetune.bases import BaseModelError
from finetune.memory.configurations import configuration
from finetune.progress import Progress
from finetune.template import Template, TemplateKind


def nothing(stage: str, step: int, of: int) -> None:
    """Hears of progress and does nothing."""


SILENT: Progress = nothing


def test_a_directory_needs_no_weights(tiny_version: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_version / "config.json", tmp_path)
    config = configuration(str(tmp_path), cache=tmp_path, progress=SILENT)
    assert config.hidden_size == 64


def test_an_adapter_has_the_shape_of_its_base(tiny_version: Path, tmp_path: Path) -> None:
    manifest = Manifest(
        version="adapter",
        base=str(tiny_version),
        template=Template(kind=TemplateKind.PLAIN).to_json(),
    )

    def fill(directory: Path) -> None:
        (directory / "adapter_config.json").write_text("{}")

    adapter, _ = write_version(directory=tmp_path / "adapter", manifest=manifest, fill=fill)
    assert configuration(str(adapter), cache=tmp_path, progress=SILENT).hidden_size == 64


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", json.dumps({"model_type": "horoscope"})], ids=repr
)
def test_a_damaged_configuration_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(BaseModelError, match="cannot be read as a model") as refusal:
        configuration(str(tmp_path), cache=tmp_path, progress=SILENT)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("base", ["nonsense", "./nowhere", "nowhere.gguf", ""])
def test_what_is_no_base_is_refused(tmp_path: Path, base: str) -> None:
    with pytest.raises(BaseModelError):
        configuration(base, cache=tmp_path, progress=SILENT)
