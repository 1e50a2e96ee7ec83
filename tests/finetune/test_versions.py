"""What a person names is found: a version with its base, or a base."""

from pathlib import Path

import pytest
import torch

from finetune.artifacts import BrokenVersionError, read_manifest
from finetune.bases import BaseModelError
from finetune.template import TemplateKind
from finetune.versions import Found, find_version, open_version
from tests.finetune.training.material import CPU, write_base
from tests.tiny import write_tiny_adapter


def found(name: Path | str, tmp_path: Path) -> Found:
    return find_version(str(name), cache=tmp_path / "cache", progress=lambda *_: None)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_base(tmp_path / "base")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return write_tiny_adapter(tmp_path / "adapter", base=base)


def test_an_adapter_is_found_with_the_base_it_was_taught_on(
    adapter: Path, base: Path, tmp_path: Path
) -> None:
    assert found(adapter, tmp_path) == Found(
        name="tiny-adapter",
        directory=adapter,
        base_directory=base,
        manifest=read_manifest(adapter),
    )


def test_a_base_is_found_as_itself(base: Path, tmp_path: Path) -> None:
    assert found(base, tmp_path) == Found(
        name=str(base), directory=base, base_directory=None, manifest=None
    )


def test_what_is_found_can_be_opened(adapter: Path, base: Path, tmp_path: Path) -> None:
    kinds = {}
    for name in (adapter, base):
        loaded = open_version(
            str(name),
            cache=tmp_path / "cache",
            device=CPU,
            dtype=torch.float32,
            progress=lambda *_: None,
        )
        kinds[name] = loaded.template.kind
    assert kinds == {adapter: TemplateKind.PLAIN, base: TemplateKind.PLAIN_EXAMPLES}


def test_an_adapter_whose_base_is_gone_is_a_sentence(
    adapter: Path, base: Path, tmp_path: Path
) -> None:
    (base / "config.json").unlink()
    with pytest.raises(BaseModelError, match="holds no model"):
        found(adapter, tmp_path)


def test_a_manifest_that_cannot_be_read_is_a_sentence(adapter: Path, tmp_path: Path) -> None:
    (adapter / "punchline.json").write_text("{")
    with pytest.raises(BrokenVersionError, match="cannot be read"):
        found(adapter, tmp_path)


def test_a_name_of_nothing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match="neither 'starter'"):
        found("no such thing", tmp_path)
