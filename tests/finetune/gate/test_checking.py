"""Nothing passes whose files, weights, base, tokenizer or template are not what they should be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from finetune.artifacts import BrokenVersionError
from tests.finetune.gate.material import changed_weights, edit_json, gate, remade
from tests.tiny import tiny_model, write_tiny_adapter

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"


def refusal(candidate: Path, champion: Path) -> str:
    """The one sentence with which a candidate is refused."""
    verdict = gate().judge(candidate, champion=str(champion))
    assert not verdict.passed
    assert verdict.figures == ()
    (sentence,) = verdict.reasons
    return sentence


def unchanged(files: Path) -> None:
    """Leave all as it is."""


@pytest.fixture
def candidate(tiny_version: Path, tmp_path: Path) -> Path:
    return remade(tiny_version, tmp_path / "mine", unchanged)


@pytest.fixture
def adapter(tiny_version: Path, tmp_path: Path) -> Path:
    return write_tiny_adapter(tmp_path / "adapter", base=tiny_version)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER, "config.json"])
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [(flip, "is damaged"), (truncate, "is damaged"), (Path.unlink, "is missing")],
)
def test_a_changed_shortened_or_missing_file(
    candidate: Path,
    tiny_version: Path,
    name: str,
    damage: Callable[[Path], None],
    sentence: str,
) -> None:
    damage(candidate / name)
    assert refusal(candidate, tiny_version).startswith(f"{name} {sentence}")


def test_a_file_that_nobody_listed(candidate: Path, tiny_version: Path) -> None:
    (candidate / "extra.json").write_text("{}")
    assert refusal(candidate, tiny_version) == "extra.json is not listed in punchline.json."


@pytest.mark.parametrize("name", ["pytorch_model.bin", "modeling.py", "weights.pt"])
def test_a_file_that_could_run_code(tiny_version: Path, tmp_path: Path, name: str) -> None:
    mine = remade(tiny_version, tmp_path / "mine", lambda files: (files / name).touch())
    assert refusal(mine, tiny_version).startswith(f"{name} has no place in a version")


def test_no_weights_at_all(tiny_version: Path, tmp_path: Path) -> None:
    mine = remade(tiny_version, tmp_path / "mine", lambda files: (files / WEIGHTS).unlink())
    assert refusal(mine, tiny_version) == "mine has no safetensors weights."


def test_weights_that_were_cut_off_before_their_checksum_was_taken(
    tiny_version: Path, tmp_path: Path
) -> None:
    mine = remade(tiny_version, tmp_path / "mine", lambda files: truncate(files / WEIGHTS))
    assert "is no whole safetensors file" in refusal(mine, tiny_version)


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), float("-inf")])
def test_a_single_weight_that_is_no_number(
    tiny_version: Path, tmp_path: Path, poison: float
) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"][-1] = poison

    mine = changed_weights(tiny_version, tmp_path / "mine", spoil)
    assert refusal(mine, tiny_version) == (
        "model.safetensors has weights that are no numbers (NaN or infinite), in model.norm.weight."
    )


def test_an_adapter_with_a_weight_that_is_no_number(adapter: Path, tmp_path: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        next(iter(tensors.values()))[0, 0] = float("nan")

    mine = changed_weights(adapter, tmp_path / "mine", spoil)
    assert "no numbers" in refusal(mine, adapter)


def test_weights_that_are_numbers_and_whose_answers_are_none(
    tiny_version: Path, tmp_path: Path
) -> None:
    def exaggerate(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"].fill_(3e38)

    mine = changed_weights(tiny_version, tmp_path / "mine", exaggerate)
    assert refusal(mine, tiny_version) == "It answers with what is no number (NaN or infinite)."


def test_a_weight_left_out_is_not_made_up(tiny_version: Path, tmp_path: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    mine = changed_weights(tiny_version, tmp_path / "mine", lambda tensors: tensors.pop(name))
    assert refusal(mine, tiny_version) == f"mine lacks weights: {name}."


def test_a_weight_left_out_of_an_adapter_is_not_made_up(adapter: Path, tmp_path: Path) -> None:
    def leave_out(tensors: dict[str, torch.Tensor]) -> None:
        tensors.pop(next(iter(tensors)))

    mine = changed_weights(adapter, tmp_path / "mine", leave_out)
    assert refusal(mine, adapter).startswith("mine lacks weights: ")


def test_weights_of_another_shape(tiny_version: Path, tmp_path: Path) -> None:
    def shrink(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"] = tensors["model.norm.weight"][:-1].clone()

    mine = changed_weights(tiny_version, tmp_path / "mine", shrink)
    assert "cannot be loaded as a model" in refusal(mine, tiny_version)


def test_an_adapter_on_another_base(adapter: Path, tmp_path: Path) -> None:
    mine = remade(adapter, tmp_path / "mine", unchanged, base="starter")
    assert refusal(mine, adapter).startswith("mine is an adapter on starter, and the champion")


def test_a_template_of_prompts_that_is_not_the_champions(
    tiny_version: Path, tmp_path: Path
) -> None:
    other = {"kind": "plain-examples", "topic_tokens": 32, "opening_tokens": 64}
    mine = remade(tiny_version, tmp_path / "mine", unchanged, template=other)
    assert "the template of its prompts differs" in refusal(mine, tiny_version)


def swap_two_tokens(content: Any) -> None:
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]


def read_in_lower_case(content: Any) -> None:
    content["normalizer"] = {"type": "Lowercase"}


def forget_a_merge(content: Any) -> None:
    content["model"]["merges"].pop(0)


def end_elsewhere(content: Any) -> None:
    content["eos_token"] = "<|pad|>"


@pytest.mark.parametrize(
    ("file", "change", "difference"),
    [
        (TOKENIZER, swap_two_tokens, "the vocabulary"),
        (TOKENIZER, read_in_lower_case, "how it reads"),
        (TOKENIZER, forget_a_merge, "how it reads"),
        ("tokenizer_config.json", end_elsewhere, "the end-of-text token"),
    ],
)
def test_a_tokenizer_that_is_not_the_champions(
    tiny_version: Path,
    tmp_path: Path,
    file: str,
    change: Callable[[Any], None],
    difference: str,
) -> None:
    mine = remade(tiny_version, tmp_path / "mine", lambda files: edit_json(files / file, change))
    assert refusal(mine, tiny_version).startswith(
        f"Its tokenizer is not the champion's: {difference}"
    )


def test_more_tokens_than_weights(tiny_version: Path, tmp_path: Path) -> None:
    def shrink(files: Path) -> None:
        model = tiny_model()
        model.resize_token_embeddings(500)
        model.save_pretrained(files)

    mine = remade(tiny_version, tmp_path / "mine", shrink)
    assert refusal(mine, tiny_version) == "Its tokenizer has more tokens than its weights (500)."


def test_a_champion_without_a_template_of_its_own_is_compared_all_the_same(
    tiny_version: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    tiny_model().save_pretrained(base)
    AutoTokenizer.from_pretrained(tiny_version).save_pretrained(base)
    verdict = gate(jokes=2, topics=1).judge(tiny_version, champion=str(base))
    assert verdict.figures
    (loss,) = [figure for figure in verdict.figures if figure.name == "loss"]
    assert (loss.candidate or 9) < (loss.champion or 0)


def test_a_damaged_index_of_training_jokes(adapter: Path, tmp_path: Path) -> None:
    mine = remade(
        adapter, tmp_path / "mine", lambda files: (files / "novelty.safetensors").write_bytes(b"x")
    )
    assert "novelty.safetensors is no index of training jokes" in refusal(mine, adapter)


def test_a_damaged_champion_is_not_the_candidates_fault(
    candidate: Path, tiny_version: Path
) -> None:
    flip(candidate / WEIGHTS)
    with pytest.raises(BrokenVersionError, match="is damaged"):
        gate().judge(tiny_version, champion=str(candidate))
