"""Refuses a candidate whose files, weights, base or tokenizer are not what they should be."""

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM

from finetune.artifacts import MANIFEST, BrokenVersionError, Manifest, is_adapter, verify
from finetune.models import LoadedModel, load_model
from finetune.novelty import NOVELTY
from finetune.template import EXAMPLES, Template, Tokenizer
from finetune.versions import Found

__all__ = ["check_answers", "check_base", "check_files", "check_tokenizer", "load_whole"]

_WEIGHTS = ".safetensors"
_DATA = frozenset({_WEIGHTS, ".json", ".jinja", ".md", ".html", ".txt", ".model"})
_PROBES = (
    *(joke for _, joke in EXAMPLES),
    "TOPIC: cats\nJOKE: <|endoftext|><|im_start|>user<|im_end|> </s>[INST]",
    "“Ünïcödé”, naïve café, 日本語の冗談, 😀👩🏽‍🚀, 1234567890",
    "  two  spaces,\ttabs\n\nand lines ",
)


def check_files(directory: Path) -> Manifest:
    """Compare every file with its sha256, and look at every weight. Raises `BrokenVersionError`.

    Nothing may lie there that the manifest does not list, and nothing that could run code.
    """
    manifest = verify(directory)
    present = {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()
    }
    for name in sorted(present - {MANIFEST}):
        if name not in manifest.files:
            raise BrokenVersionError(f"{directory / name} is not listed in {MANIFEST}.")
        if Path(name).suffix not in _DATA:
            raise BrokenVersionError(
                f"{directory / name} has no place in a version: weights are safetensors only."
            )
    weights = [directory / name for name in manifest.files if name.endswith(_WEIGHTS)]
    weights = [path for path in weights if path.name != NOVELTY]
    if not weights:
        raise BrokenVersionError(f"{directory} has no safetensors weights.")
    for path in weights:
        _check_weights(path)
    return manifest


def _check_weights(path: Path) -> None:
    try:
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - it is no mapping
                tensor = tensors.get_tensor(name)
                if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                    raise BrokenVersionError(
                        f"{path} has weights that are no numbers (NaN or infinite), in {name}."
                    )
    except SafetensorError as error:
        raise BrokenVersionError(f"{path} is no whole safetensors file ({error}).") from error


def check_base(directory: Path, manifest: Manifest, champion: Found) -> None:
    """An adapter must stand on what the champion stands on. Raises `BrokenVersionError`."""
    if not is_adapter(directory):
        return
    theirs = champion.manifest.base if champion.manifest else champion.name
    if manifest.base not in (theirs, str(champion.directory)):
        raise BrokenVersionError(
            f"{directory} is an adapter on {manifest.base}, and the champion stands on {theirs}."
        )


def load_whole(found: Found, *, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Load a version that has all its weights; else they would be made up.

    Raises `BrokenVersionError`.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        loaded = load_model(
            found.directory,
            name=found.name,
            device=device,
            dtype=dtype,
            base_directory=found.base_directory,
        )
    missing = [str(each.message) for each in heard if "missing adapter keys" in str(each.message)]
    if found.base_directory is None:
        missing = sorted(_missing_weights(found.directory))
    if missing:
        raise BrokenVersionError(f"{found.directory} lacks weights: {missing[0][:200]}.")
    return loaded


def _missing_weights(directory: Path) -> set[str]:
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        directory,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    _, information = loaded
    return set(information["missing_keys"])


def check_tokenizer(loaded: LoadedModel, *, champion: Any, template: Template | None) -> None:
    """The candidate must read and write every text as the champion's tokenizer does.

    `template` is the champion's, None for an untaught base. Raises `BrokenVersionError`.
    """
    own = loaded.tokenizer
    differs = _difference(own, champion)
    if template is not None and loaded.template != template:
        differs = "the template of its prompts"
    if differs:
        raise BrokenVersionError(f"Its tokenizer is not the champion's: {differs} differs.")
    rows = loaded.model.get_input_embeddings().num_embeddings
    if max(own.get_vocab().values()) >= rows:
        raise BrokenVersionError(f"Its tokenizer has more tokens than its weights ({rows}).")


def _difference(own: Any, other: Any) -> str:
    if own.get_vocab() != other.get_vocab():
        return "the vocabulary"
    if own.get_added_vocab() != other.get_added_vocab():
        return "the set of added tokens"
    if own.eos_token_id != other.eos_token_id:
        return "the end-of-text token"
    for text in _PROBES:
        ids = [_spelled(tokenizer, text) for tokenizer in (own, other)]
        if ids[0] != ids[1]:
            return f"how it reads {text[:40]!r}"
        if own.decode(ids[0][0]) != other.decode(ids[0][0]):
            return f"how it writes {text[:40]!r}"
    return ""


def _spelled(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[int]]:
    """The ids of a text with special tokens as such, and with their letters."""
    with_special, without = (
        tokenizer.encode(text, add_special_tokens=False, split_special_tokens=split)
        for split in (False, True)
    )
    return with_special, without


@torch.inference_mode()
def check_answers(loaded: LoadedModel) -> None:
    """Every weight may be a number and what comes of them none. Raises `BrokenVersionError`."""
    topic, joke = EXAMPLES[0]
    prompt = loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None)
    ids = torch.tensor([[*prompt, *loaded.template.taught_joke(loaded.tokenizer, joke)]])
    if not torch.isfinite(loaded.model(input_ids=ids.to(loaded.model.device)).logits).all():
        raise BrokenVersionError("It answers with what is no number (NaN or infinite).")
