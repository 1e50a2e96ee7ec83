"""Making a base ready: a GGUF file becomes safetensors once, a hub model is downloaded once."""

import logging
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.artifacts import Manifest, slug, verify, write_version
from finetune.bases import (
    HUB_FILES,
    STARTER,
    BaseModelError,
    checked_directory,
    converted_directory,
    gguf_file,
    is_gguf,
    locate,
)
from finetune.progress import Progress
from finetune.template import Template

__all__ = ["prepare"]

_STEPS = ("reading the tokenizer", "reading the weights", "writing safetensors", "checking")


def prepare(
    base: str, *, cache: Path, revision: str = "", token: str | None = None, progress: Progress
) -> Path:
    """Convert or download a base so that `locate` finds it; returns its directory.

    Raises `BaseModelError`.
    """
    ready = locate(base, cache=cache, revision=revision)
    if ready is not None:
        return ready
    if is_gguf(base):
        return _convert(base, cache=cache, progress=progress)
    return _download(base, cache=cache, revision=revision, token=token, progress=progress)


def _convert(base: str, *, cache: Path, progress: Progress) -> Path:
    """Turn a GGUF file into a verified bfloat16 safetensors directory."""
    source = gguf_file(base)
    target = converted_directory(base, cache=cache)
    logging.getLogger("transformers").setLevel(logging.ERROR)

    def step(number: int) -> None:
        progress(_STEPS[number], number, len(_STEPS))

    step(0)
    tokenizer = _read_gguf_tokenizer(source)
    step(1)
    model = _read_gguf_model(source)
    step(2)

    def fill(directory: Path) -> None:
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)

    manifest = Manifest(
        version=STARTER if base == STARTER else slug(source.stem),
        base=base,
        template=Template.for_untaught(tokenizer).to_json(),
        data={"gguf": source.name},
    )
    try:
        write_version(directory=target, manifest=manifest, fill=fill)
        step(3)
        verify(target)
    except OSError as error:
        raise BaseModelError(
            f"{source.name} could not be converted into {target.parent}: {error}."
        ) from error
    progress("ready", len(_STEPS), len(_STEPS))
    return target


def _read_gguf_tokenizer(source: Path) -> Any:
    try:
        return AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
    except Exception as error:
        raise BaseModelError(f"{source} has no tokenizer that can be read: {error}.") from error


def _read_gguf_model(source: Path) -> Any:
    try:
        read = AutoModelForCausalLM.from_pretrained(
            str(source.parent), gguf_file=source.name, dtype=torch.float32
        )
    except Exception as error:
        raise BaseModelError(f"{source} has no weights that can be read: {error}.") from error
    # A model read from GGUF refuses to be saved; one rebuilt from its parts does not.
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config._name_or_path = ""
    config.dtype = torch.bfloat16
    model: Any = type(read)(config)
    model.to(torch.bfloat16)
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    return model


def _download(
    base: str, *, cache: Path, revision: str, token: str | None, progress: Progress
) -> Path:
    progress(f"downloading {base}", 0, 1)
    try:
        found = snapshot_download(
            base,
            revision=revision or None,
            allow_patterns=HUB_FILES,
            cache_dir=cache / "hub",
            token=token or False,
        )
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise BaseModelError(
            f"{base} could not be downloaded ({type(error).__name__}); check the name, the network "
            "and, for a private model, hub.token, or set model.base to 'starter' in config.toml."
        ) from error
    progress("ready", 1, 1)
    return checked_directory(Path(found))
