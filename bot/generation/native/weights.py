"""The weights of a Llama or GPT-2 model as the compiled step wants them: 8 bits, in blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from bot.generation.families import Family, UnknownFamilyError

__all__ = ["BLOCK", "DecoderWeights", "PackedLinear"]

BLOCK = 64
"""Outputs computed together; `block` in step.cpp."""


@dataclass(frozen=True, kw_only=True)
class PackedLinear:
    """y = W x + b with W as unsigned bytes around 128 and a scale for each output.

    `weights` is [outputs / 64, inputs / 4, 64, 4], so that one load has four inputs of sixteen
    outputs; rows of zeros fill the last block.
    """

    weights: torch.Tensor
    scales: torch.Tensor
    bias: torch.Tensor

    @property
    def inputs(self) -> int:
        """How many numbers go in."""
        return 4 * self.weights.shape[1]

    @property
    def outputs(self) -> int:
        """How many come out, whole blocks of them."""
        return len(self.scales)

    @classmethod
    def of(cls, weight: torch.Tensor, bias: torch.Tensor | None) -> "PackedLinear":
        """From `weight` [outputs, inputs] and `bias` [outputs]."""
        outputs, inputs = weight.shape
        if inputs % 4:
            raise UnknownFamilyError(f"{inputs} inputs are not a multiple of 4")
        missing = -outputs % BLOCK
        whole = torch.nn.functional.pad(weight.float(), (0, 0, 0, missing))
        scales = whole.abs().amax(dim=1).clamp(min=1e-12) / 127
        near = (whole / scales[:, None]).round_().clamp_(-127, 127).add_(128).to(torch.uint8)
        blocks = near.view(-1, BLOCK, inputs // 4, 4).transpose(1, 2).contiguous()
        whole_bias = torch.zeros(outputs + missing)
        if bias is not None:
            whole_bias[:outputs] = bias.float()
        return cls(weights=blocks, scales=scales, bias=whole_bias)


@dataclass(frozen=True, kw_only=True)
class DecoderWeights:
    """Everything a step reads; `layers` has query-key-value, output, up and down of each."""

    layers: Sequence[tuple[PackedLinear, PackedLinear, PackedLinear, PackedLinear]]
    head: PackedLinear
    embedding: torch.Tensor
    positions: torch.Tensor | None
    cosines: torch.Tensor
    sines: torch.Tensor
    heads: int
    key_heads: int
    head_size: int
    inner: int
    vocabulary: int
    centred: bool
    gated: bool
    epsilon: float

    @classmethod
    @torch.inference_mode()
    def of(cls, model: Any) -> "DecoderWeights":
        """Read from a transformers model on the CPU. Raises `UnknownFamilyError`."""
        return _llama(model) if Family.of(model) is Family.LLAMA else _gpt2(model)


def _llama(model: Any) -> DecoderWeights:
    config, body = model.config, model.model
    size = int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    places = torch.arange(int(config.max_position_embeddings))[None]
    cosines, sines = body.rotary_emb(torch.zeros(1, dtype=torch.float32), places)
    layers = []
    for layer in body.layers:
        attention, mlp = layer.self_attn, layer.mlp
        asking = (attention.q_proj, attention.k_proj, attention.v_proj)
        inner = [
            _folded(each, layer.post_attention_layernorm) for each in (mlp.gate_proj, mlp.up_proj)
        ]
        layers.append(
            (
                PackedLinear.of(
                    *_joined([_folded(each, layer.input_layernorm) for each in asking])
                ),
                PackedLinear.of(attention.o_proj.weight, attention.o_proj.bias),
                PackedLinear.of(*_interleaved(*inner)),
                PackedLinear.of(mlp.down_proj.weight, mlp.down_proj.bias),
            )
        )
    return DecoderWeights(
        layers=layers,
        head=PackedLinear.of(*_folded(model.lm_head, body.norm)),
        embedding=body.embed_tokens.weight,
        positions=None,
        cosines=cosines[0, :, : size // 2].float().contiguous(),
        sines=sines[0, :, : size // 2].float().contiguous(),
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
        head_size=size,
        inner=config.intermediate_size,
        vocabulary=config.vocab_size,
        centred=False,
        gated=True,
        epsilon=config.rms_norm_eps,
    )


def _gpt2(model: Any) -> DecoderWeights:
    """GPT-2; its linear layers are stored inputs first."""
    config, body = model.config, model.transformer
    layers = []
    for layer in body.h:
        attention, mlp = layer.attn, layer.mlp
        layers.append(
            (
                PackedLinear.of(*_folded(attention.c_attn, layer.ln_1, inputs_first=True)),
                PackedLinear.of(attention.c_proj.weight.T, attention.c_proj.bias),
                PackedLinear.of(*_folded(mlp.c_fc, layer.ln_2, inputs_first=True)),
                PackedLinear.of(mlp.c_proj.weight.T, mlp.c_proj.bias),
            )
        )
    inner = body.h[0].mlp.c_fc.weight.shape[1]
    return DecoderWeights(
        layers=layers,
        head=PackedLinear.of(*_folded(model.lm_head, body.ln_f)),
        embedding=body.wte.weight,
        positions=body.wpe.weight,
        cosines=torch.empty(0),
        sines=torch.empty(0),
        heads=config.n_head,
        key_heads=config.n_head,
        head_size=config.n_embd // config.n_head,
        inner=inner,
        vocabulary=config.vocab_size,
        centred=True,
        gated=False,
        epsilon=config.layer_norm_epsilon,
    )


def _folded(
    linear: Any, norm: Any, *, inputs_first: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """A linear layer with the scale and shift of the norm before it: W (g n + h) + b."""
    weight = (linear.weight.T if inputs_first else linear.weight).float()
    bias = torch.zeros(len(weight)) if linear.bias is None else linear.bias.float()
    shift = getattr(norm, "bias", None)
    if shift is not None:
        bias = bias + weight @ shift.float()
    return weight * norm.weight.float(), bias


def _joined(
    parts: Sequence[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, torch.Tensor]:
    weights, biases = zip(*parts, strict=True)
    return torch.cat(weights), torch.cat(biases)


def _interleaved(
    gate: tuple[torch.Tensor, torch.Tensor], up: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Half a block of gates, then of what they let through, so that one piece has both."""
    half = BLOCK // 2
    missing = -len(gate[0]) % half
    weights = [torch.nn.functional.pad(each[0], (0, 0, 0, missing)) for each in (gate, up)]
    biases = [torch.nn.functional.pad(each[1], (0, missing)) for each in (gate, up)]
    width = gate[0].shape[1]
    weight = torch.stack([each.view(-1, half, width) for each in weights], dim=1)
    bias = torch.stack([each.view(-1, half) for each in biases], dim=1)
    return weight.reshape(-1, width), bias.reshape(-1)
