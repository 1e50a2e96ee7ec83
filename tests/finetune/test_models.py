"""A version that loads is ready to generate; any other is refused in a sentence."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from finetune.artifacts import MANIFEST, BrokenVersionError, read_manifest
from finetune.models import LoadedModel, choose_device, choose_dtype, load_model
from finetune.template import Template, TemplateKind
from tests.tiny import write_tiny_adapter

CPU = torch.device("cpu")


def load(directory: Path) -> LoadedModel:
    return load_model(directory, name="my model", device=CPU, dtype=torch.float32)


@pytest.fixture
def version(tiny_version: Path, tmp_path: Path) -> Path:
    """A copy of the tiny version that may be damaged."""
    return shutil.copytree(tiny_version, tmp_path / "tiny")


def test_a_version_loads_with_its_own_name_template_and_tokenizer(tiny_version: Path) -> None:
    loaded = load(tiny_version)
    assert loaded.version == "tiny"
    assert loaded.template == Template(kind=TemplateKind.PLAIN)
    assert loaded.tokenizer.decode(loaded.tokenizer.encode("a joke")) == "a joke"
    assert not loaded.model.training
    assert loaded.model.dtype == torch.float32


def test_a_version_loads_in_the_precision_asked_for(tiny_version: Path) -> None:
    loaded = load_model(tiny_version, name="tiny", device=CPU, dtype=torch.bfloat16)
    assert loaded.model.dtype == torch.bfloat16


def test_a_plain_transformers_directory_loads_under_the_name_given(version: Path) -> None:
    (version / MANIFEST).unlink()
    loaded = load(version)
    assert loaded.version == "my-model"
    assert loaded.template.kind is TemplateKind.PLAIN_EXAMPLES


def change_weights(version: Path) -> None:
    path = version / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def forget_manifest_and(damage: Callable[[Path], Any]) -> Callable[[Path], None]:
    """Damage that no checksum gives away."""

    def do(version: Path) -> None:
        (version / MANIFEST).unlink()
        damage(version)

    return do


def rewrite_manifest(**changes: Any) -> Callable[[Path], None]:
    def do(version: Path) -> None:
        content = {**asdict(read_manifest(version)), **changes}
        (version / MANIFEST).write_text(json.dumps(content))

    return do


@pytest.mark.parametrize(
    "damage",
    [
        change_weights,
        forget_manifest_and(lambda version: (version / "model.safetensors").write_bytes(b"")),
        forget_manifest_and(lambda version: (version / "model.safetensors").unlink()),
        forget_manifest_and(lambda version: (version / "config.json").write_text("{}")),
        forget_manifest_and(lambda version: (version / "config.json").write_text("{")),
        forget_manifest_and(lambda version: (version / "tokenizer.json").write_text("{}")),
        rewrite_manifest(template={}),
        rewrite_manifest(template={"kind": "limerick"}),
        rewrite_manifest(template={"kind": "plain", "rhymes": True}),
        rewrite_manifest(schema=99),
    ],
    ids=[
        "changed weights",
        "empty weights",
        "no weights",
        "empty configuration",
        "cut configuration",
        "empty tokenizer",
        "no template",
        "unknown template",
        "unknown setting of the template",
        "newer schema",
    ],
)
def test_a_damaged_version_is_refused_in_one_line(
    version: Path, damage: Callable[[Path], None]
) -> None:
    damage(version)
    with pytest.raises(BrokenVersionError) as refusal:
        load(version)
    assert str(version) in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_pickled_weights_are_not_loaded_even_where_they_are_the_only_ones(version: Path) -> None:
    weights = load(version).model.state_dict()
    (version / MANIFEST).unlink()
    (version / "model.safetensors").unlink()
    torch.save(weights, version / "pytorch_model.bin")
    with pytest.raises(BrokenVersionError):
        load(version)


def test_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenVersionError, match="cannot be loaded as a model"):
        load(tmp_path / "nowhere")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_cuda_device_the_processor_is_chosen() -> None:
    assert choose_device("auto") == CPU
    with pytest.raises(BrokenVersionError, match=r"no CUDA device here; set generation\.device"):
        choose_device("cuda")


def test_the_precision_is_chosen_unless_it_is_given() -> None:
    assert choose_dtype("bfloat16", CPU) == torch.bfloat16
    assert choose_dtype("float32", CPU) == torch.float32
    assert choose_dtype("auto", CPU) in {torch.bfloat16, torch.float32}


def test_an_adapter_loads_with_its_base_as_peft_computes_it(
    tiny_version: Path, tmp_path: Path
) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_version)
    before = base(input_ids=torch.arange(9)[None]).logits
    config = LoraConfig(task_type="CAUSAL_LM", r=3, init_lora_weights=False)
    config.target_modules = {"q_proj", "down_proj"}
    adapted = get_peft_model(base, config).eval()
    adapted.save_pretrained(tmp_path / "adapter")
    shutil.copy(tiny_version / "tokenizer.json", tmp_path / "adapter")
    shutil.copy(tiny_version / "tokenizer_config.json", tmp_path / "adapter")
    loaded = load_model(
        tmp_path / "adapter",
        name="mine",
        device=CPU,
        dtype=torch.float32,
        base_directory=tiny_version,
    )
    expected = adapted(input_ids=torch.arange(9)[None]).logits
    found = loaded.model(input_ids=torch.arange(9)[None]).logits
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found, before, atol=1e-2)


def test_an_adapter_without_its_base_is_refused(tiny_version: Path, tmp_path: Path) -> None:
    adapter = write_tiny_adapter(tmp_path / "adapter", base=tiny_version)
    with pytest.raises(BrokenVersionError, match=r"is an adapter and needs its base\."):
        load(adapter)
