"""A model's weights as the step multiplies by them, in storage that both share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import pad

from bot.generation.families import Family

__all__ = ["LayerWeights", "Linear", "Norm", "StepWeights"]

_ALIGNED = 64
"""The head gets rows of zeros up to a multiple of it, which fast products need."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """y = W x + b with W [outputs, inputs]."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(inputs, self.weight, self.bias)


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A layer norm, or with `centred` false the norm by root mean square that Llama has."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    centred: bool
    epsilon: float

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        shape = self.weight.shape
        if self.centred:
            return torch.nn.functional.layer_norm(
                inputs, shape, self.weight, self.bias, self.epsilon
            )
        return torch.nn.functional.rms_norm(inputs, shape, self.weight, self.epsilon)


@dataclass(frozen=True, kw_only=True)
class LayerWeights:
    """One layer; `query_key_value` and, in a gated model, gate and `up` are one product each."""

    norm: Norm
    query_key_value: Linear
    output: Linear
    inner_norm: Norm
    up: Linear
    down: Linear


@dataclass(frozen=True, kw_only=True)
class StepWeights:
    """Everything a step reads.

    `positions` [limit + 1, width] are GPT-2's; `cosines` and `sines` [limit + 1, size / 2] Llama's.
    Their last row stands for a place behind every text.
    """

    layers: Sequence[LayerWeights]
    norm: Norm
    head: torch.Tensor
    embedding: torch.Tensor
    positions: torch.Tensor | None
    cosines: torch.Tensor
    sines: torch.Tensor
    heads: int
    key_heads: int
    head_size: int
    vocabulary: int
    limit: int
    gated: bool

    @classmethod
    @torch.no_grad()
    def of(cls, model: Any) -> "StepWeights":
        """Read from a transformers model. Raises `UnknownFamilyError`.

        Products that become one have their weights laid out one after the other, and the model's
        own parameters are then views into that, so nothing is held twice.
        """
        return _llama(model) if Family.of(model) is Family.LLAMA else _gpt2(model)


def _llama(model: Any) -> StepWeights:
    config, body = model.config, model.model
    limit = int(config.max_position_embeddings)
    device = body.embed_tokens.weight.device
    like = torch.zeros(1, dtype=model.dtype, device=device)
    cosines, sines = body.rotary_emb(like, torch.arange(limit + 1, device=device)[None])
    size = cosines.shape[-1]
    layers = []
    for layer in body.layers:
        attention, mlp = layer.self_attn, layer.mlp
        layers.append(
            LayerWeights(
                norm=_llama_norm(layer.input_layernorm),
                query_key_value=_joined(attention.q_proj, attention.k_proj, attention.v_proj),
                output=_joined(attention.o_proj),
                inner_norm=_llama_norm(layer.post_attention_layernorm),
                up=_joined(mlp.gate_proj, mlp.up_proj),
                down=_joined(mlp.down_proj),
            )
        )
    return StepWeights(
        layers=layers,
        norm=_llama_norm(body.norm),
        head=_aligned(model.lm_head),
        embedding=body.embed_tokens.weight.detach(),
        positions=None,
        cosines=cosines[0, :, : size // 2].contiguous(),
        sines=sines[0, :, : size // 2].contiguous(),
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
        head_size=size,
        vocabulary=config.vocab_size,
        limit=limit,
        gated=True,
    )


def _gpt2(model: Any) -> StepWeights:
    config, body = model.config, model.transformer
    layers = [
        LayerWeights(
            norm=_gpt2_norm(layer.ln_1),
            query_key_value=_outputs_first(layer.attn.c_attn),
            output=_outputs_first(layer.attn.c_proj),
            inner_norm=_gpt2_norm(layer.ln_2),
            up=_outputs_first(layer.mlp.c_fc),
            down=_outputs_first(layer.mlp.c_proj),
        )
        for layer in body.h
    ]
    return StepWeights(
        layers=layers,
        norm=_gpt2_norm(body.ln_f),
        head=_aligned(model.lm_head),
        embedding=body.wte.weight.detach(),
        positions=pad(body.wpe.weight.detach(), (0, 0, 0, 1)),
        cosines=torch.empty(0),
        sines=torch.empty(0),
        heads=config.n_head,
        key_heads=config.n_head,
        head_size=config.n_embd // config.n_head,
        vocabulary=config.vocab_size,
        limit=int(config.n_positions),
        gated=False,
    )


def _llama_norm(module: Any) -> Norm:
    return Norm(
        weight=module.weight.detach(), bias=None, centred=False, epsilon=module.variance_epsilon
    )


def _gpt2_norm(module: Any) -> Norm:
    return Norm(
        weight=module.weight.detach(),
        bias=module.bias.detach(),
        centred=True,
        epsilon=module.eps,
    )


def _joined(*modules: Any) -> Linear:
    """Linear layers of the same input as one."""
    if len(modules) == 1:
        return Linear(weight=modules[0].weight.detach(), bias=_bias(modules[0]))
    sizes = [len(each.weight) for each in modules]
    whole = torch.cat([each.weight.detach() for each in modules])
    for module, part in zip(modules, torch.split(whole, sizes), strict=True):
        module.weight.data = part
    biases = [each for each in map(_bias, modules) if each is not None]
    return Linear(weight=whole, bias=torch.cat(biases) if biases else None)


def _outputs_first(module: Any) -> Linear:
    """GPT-2's linear layer, whose weight has the inputs first, turned for products of few rows."""
    turned = module.weight.detach().T.contiguous()
    module.weight.data = turned.T
    return Linear(weight=turned, bias=_bias(module))


def _aligned(head: Any) -> torch.Tensor:
    """The head [vocabulary and some, width]; an embedding tied to it is the same parameter."""
    missing = -len(head.weight) % _ALIGNED
    if not missing:
        return head.weight.detach()  # type: ignore[no-any-return]
    whole = pad(head.weight.detach(), (0, 0, 0, missing))
    head.weight.data = whole[:-missing]
    return whole


def _bias(module: Any) -> torch.Tensor | None:
    return None if module.bias is None else module.bias.detach()
