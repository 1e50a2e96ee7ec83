"""The shape of a base model, without its weights."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from transformers import AutoConfig, GPT2Config, PretrainedConfig

from finetune.artifacts import MANIFEST, read_manifest
from finetune.bases import BaseModelError, is_gguf
from finetune.conversion import prepare
from finetune.progress import Progress

__all__ = ["GPT2_SIZES", "configuration"]

_CONFIG = "config.json"
GPT2_SIZES: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "openai-community/gpt2": (768, 12, 12),
        "openai-community/gpt2-medium": (1024, 24, 16),
        "openai-community/gpt2-large": (1280, 36, 20),
        "openai-community/gpt2-xl": (1600, 48, 25),
    }
)
"""Width, layers and heads of the four GPT-2 (Radford et al. 2019), so that none is downloaded."""


def configuration(base: str, *, cache: Path, progress: Progress) -> PretrainedConfig:
    """The configuration of a base or of a model version; of a hub id only that is downloaded.

    Raises `BaseModelError` and `BrokenVersionError`.
    """
    if base in GPT2_SIZES:
        width, layers, heads = GPT2_SIZES[base]
        return GPT2Config(n_embd=width, n_layer=layers, n_head=heads)
    directory = Path(base).expanduser()
    if (directory / MANIFEST).is_file() and not (directory / _CONFIG).is_file():
        return configuration(read_manifest(directory).base, cache=cache, progress=progress)
    if is_gguf(base):
        directory = prepare(base, cache=cache, progress=progress)
    if directory.is_dir():
        return _read(str(directory), where=str(directory), cache=cache)
    if "/" not in base or base.startswith((".", "/", "~")):
        # Nothing that could be a hub id: `prepare` knows the sentence.
        prepare(base, cache=cache, progress=progress)
    return _read(base, where=f"The configuration of {base}", cache=cache)


def _read(name: str, *, where: str, cache: Path) -> PretrainedConfig:
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(
            name,
            cache_dir=cache / "hub",
            token=os.environ.get("PUNCHLINE_HUB__TOKEN") or False,
            trust_remote_code=False,
        )
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise BaseModelError(f"{where} cannot be read as a model: {reason}") from None
    return config
