"""The families of models whose arithmetic we know ourselves."""

from enum import StrEnum
from typing import Any

__all__ = ["Family", "UnknownFamilyError"]

_STEADY_ROPES = frozenset({"default", "linear", "llama3", "yarn"})
"""Rotary embeddings whose angles do not depend on how long a text has become."""


class UnknownFamilyError(ValueError):
    """A model whose arithmetic a fast step does not know; the general path serves it."""


class Family(StrEnum):
    """Llama (https://arxiv.org/abs/2302.13971; SmolLM is one) and GPT-2."""

    LLAMA = "llama"
    GPT2 = "gpt2"

    @classmethod
    def of(cls, model: Any) -> "Family":
        """A transformers model's family. Raises `UnknownFamilyError`."""
        config = model.config
        if config.model_type not in set(cls):
            raise UnknownFamilyError(f"models of the family {config.model_type!r}")
        family = cls(config.model_type)
        if family is cls.LLAMA:
            if config.hidden_act != "silu":
                raise UnknownFamilyError(f"the activation {config.hidden_act!r}")
            rope = model.model.rotary_emb.rope_type
            if rope not in _STEADY_ROPES:
                raise UnknownFamilyError(f"rotary embeddings of the kind {rope!r}")
        else:
            usual = config.scale_attn_weights and not config.scale_attn_by_inverse_layer_idx
            if config.activation_function != "gelu_new" or not usual:
                raise UnknownFamilyError("a GPT-2 with other arithmetic than the published ones")
        return family
