"""A model version in memory: weights, tokenizer and the template it was taught on."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from finetune.artifacts import (
    MANIFEST,
    BrokenVersionError,
    Manifest,
    is_adapter,
    slug,
    verify,
)
from finetune.template import Template

__all__ = [
    "LoadedModel",
    "choose_device",
    "choose_dtype",
    "load_model",
    "merged_adapter",
    "quiet_transformers",
    "read_weights",
]


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """Ready to generate: `model` is in evaluation mode on its device and in its dtype."""

    version: str
    model: PreTrainedModel
    tokenizer: Any
    template: Template


def choose_device(wanted: str) -> torch.device:
    """`auto` takes the first CUDA device when there is one. Raises `BrokenVersionError`."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise BrokenVersionError(
            "There is no CUDA device here; set generation.device to 'auto' or 'cpu' in config.toml."
        )
    return torch.device(wanted)


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """`auto` takes bfloat16 where the device computes it natively, float32 elsewhere."""
    if wanted != "auto":
        return torch.bfloat16 if wanted == "bfloat16" else torch.float32
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if native else torch.float32


def load_model(
    directory: Path,
    *,
    name: str,
    device: torch.device,
    dtype: torch.dtype,
    base_directory: Path | None = None,
) -> LoadedModel:
    """Verify and load a version, or a plain transformers directory called `name`.

    `base_directory` has the base of a version that is an adapter, which is merged into it. Raises
    `BrokenVersionError` when files are damaged, missing or not a causal language model.
    """
    quiet_transformers()
    manifest = verify(directory) if (directory / MANIFEST).is_file() else None
    adapter = is_adapter(directory)
    if adapter and base_directory is None:
        raise BrokenVersionError(f"{directory} is an adapter and needs its base.")
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        if adapter and base_directory:
            model = merged_adapter(read_weights(base_directory, dtype=torch.float32), directory)
        else:
            model = read_weights(directory, dtype=dtype)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise BrokenVersionError(f"{directory} cannot be loaded as a model: {reason}") from error
    if not tokenizer.is_fast:
        raise BrokenVersionError(f"{directory} has no fast tokenizer; save one beside the weights.")
    return LoadedModel(
        version=manifest.version if manifest else slug(name),
        model=model.to(device=device, dtype=dtype).eval(),
        tokenizer=tokenizer,
        template=_template(directory, manifest) or Template.for_untaught(tokenizer),
    )


def quiet_transformers() -> None:
    """Leave talking to us: only errors are logged and no bars drawn."""
    # peft still asks transformers under this name, about which nobody here can do anything.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()  # type: ignore[no-untyped-call]


def read_weights(directory: Path, *, dtype: torch.dtype) -> Any:
    """The causal language model in a directory, from safetensors and without foreign code."""
    return AutoModelForCausalLM.from_pretrained(
        directory,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=dtype,
    )


def merged_adapter(base: Any, directory: Path) -> Any:
    """The base with a LoRA adapter added to its weights; exact in the precision of the base."""
    from peft import PeftModel  # takes a second to import and only adapters need it

    return PeftModel.from_pretrained(base, directory).merge_and_unload()


def _template(directory: Path, manifest: Manifest | None) -> Template | None:
    if manifest is None:
        return None
    try:
        return Template.from_json(manifest.template)
    except (ValueError, TypeError) as error:
        raise BrokenVersionError(
            f"{directory / MANIFEST} names a template this Punchline does not know: {error}."
        ) from error
