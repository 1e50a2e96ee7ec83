"""The arithmetic of a step: some tokens of each row, on keys and values that stay in place."""

import torch
from torch.nn.functional import embedding, gelu, scaled_dot_product_attention, silu

from bot.generation.graphs.weights import LayerWeights, StepWeights

__all__ = ["Decoder"]

Caches = tuple[list[torch.Tensor], list[torch.Tensor]]


class Decoder:
    """Reads T tokens of each of B rows and predicts what follows the last of them.

    With x the embedding of a token (GPT-2 adds one of its position), each layer does

        q, k, v = W_qkv norm(x) + b         one product; Llama turns q and k by their position
        K[row, :, position], V[…] = k, v    written in place, before anything looks
        x = x + W_o attention(q, K, V)      over the first `length` positions, later ones masked
        x = x + W_down f(W_up norm(x))      f is gelu, or silu(gate) · up where both are one product

    and the head multiplies norm(x) of the last token. Where several heads share keys, their queries
    stand as rows of one product, so no key is repeated. Every shape depends on B, T and `length`
    alone, nothing asks the device for a value, and keys and values are only ever written in place:
    that is what lets a graph be recorded from it.
    """

    def __init__(self, weights: StepWeights, *, read_layer: int) -> None:
        self.weights = weights
        self.read_layer = read_layer

    def __call__(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        caches: Caches,
        *,
        length: int,
        places: torch.Tensor | None = None,
        last: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [B, vocabulary], and the last token after `read_layer` [B, width], in float32.

        `tokens` and `positions` are [B, T]. Row i of them is row i of the caches, or `places[i]`;
        its last token is its last one, or the one at `last[i]`.
        """
        weights = self.weights
        rows = torch.arange(len(tokens), device=tokens.device)
        ends = last if last is not None else torch.full_like(rows, tokens.shape[1] - 1)
        states = embedding(tokens, weights.embedding)
        if weights.positions is not None:
            states = states + embedding(positions, weights.positions)
        mask = self._mask(positions, length, dtype=states.dtype)
        angles = self._angles(positions)
        read = states[:, -1]
        where = rows if places is None else places
        for number, (layer, keys, values) in enumerate(zip(weights.layers, *caches, strict=True)):
            query = self._query(
                layer, states, angles, (keys, values), where=where, positions=positions
            )
            if places is None:
                seen = (keys[: len(tokens), :, :length], values[: len(tokens), :, :length])
            else:
                seen = (keys[places, :, :length], values[places, :, :length])
            looked = scaled_dot_product_attention(query, *seen, attn_mask=mask)
            states = states + layer.output(self._heads_joined(looked, tokens.shape[1]))
            states = states + layer.down(self._inner(layer, states))
            if number == self.read_layer:
                read = states[rows, ends]
        logits = torch.nn.functional.linear(weights.norm(states[rows, ends]), weights.head)
        return logits[:, : weights.vocabulary].float(), read.float()

    def _query(
        self,
        layer: LayerWeights,
        states: torch.Tensor,
        angles: tuple[torch.Tensor, torch.Tensor] | None,
        caches: tuple[torch.Tensor, torch.Tensor],
        *,
        where: torch.Tensor,
        positions: torch.Tensor,
    ) -> torch.Tensor:
        """Write keys and values; the queries [B, key heads, heads that share them · T, size]."""
        weights = self.weights
        heads, key_heads, size = weights.heads, weights.key_heads, weights.head_size
        count, width = positions.shape
        joined = layer.query_key_value(layer.norm(states)).view(count, width, -1, size)
        turned, value = joined[:, :, : heads + key_heads], joined[:, :, heads + key_heads :]
        if angles is not None:
            turned = _turned(turned, *angles)
        query, key = turned[:, :, :heads], turned[:, :, heads:]
        caches[0][where[:, None], :, positions] = key
        caches[1][where[:, None], :, positions] = value
        apart = query.reshape(count, width, key_heads, heads // key_heads, size)
        grouped: torch.Tensor = apart.permute(0, 2, 3, 1, 4).reshape(count, key_heads, -1, size)
        return grouped

    def _heads_joined(self, looked: torch.Tensor, width: int) -> torch.Tensor:
        """[B, key heads, heads that share them · T, size] as [B, T, heads · size]."""
        count, key_heads, _, size = looked.shape
        apart = looked.reshape(count, key_heads, -1, width, size)
        return apart.permute(0, 3, 1, 2, 4).reshape(count, width, -1)

    def _inner(self, layer: LayerWeights, states: torch.Tensor) -> torch.Tensor:
        inner = layer.up(layer.inner_norm(states))
        if not self.weights.gated:
            return gelu(inner, approximate="tanh")
        gate, up = inner.chunk(2, dim=-1)
        return silu(gate) * up

    def _mask(self, positions: torch.Tensor, length: int, *, dtype: torch.dtype) -> torch.Tensor:
        """What is added to each query's scores, made once for all layers."""
        seen = torch.arange(length, device=positions.device) <= positions[:, :, None]
        mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device)
        mask = mask.masked_fill(~seen, float("-inf"))[:, None]
        sharing, width = self.weights.heads // self.weights.key_heads, positions.shape[1]
        return mask if 1 in (sharing, width) else mask.repeat(1, 1, sharing, 1)

    def _angles(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        if self.weights.positions is not None:
            return None
        cosines, sines = self.weights.cosines, self.weights.sines
        return cosines[positions][:, :, None], sines[positions][:, :, None]


def _turned(heads: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding (https://arxiv.org/abs/2104.09864) of [B, T, heads, size]."""
    one, other = heads.chunk(2, dim=-1)
    return torch.cat((one * cosines - other * sines, other * cosines + one * sines), dim=-1)
