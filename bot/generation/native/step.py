"""The compiled decoding step as Python calls it."""

import ctypes
import weakref
from collections.abc import Sequence
from pathlib import Path

import torch

from bot.generation.native.weights import DecoderWeights, PackedLinear
from bot.generation.sampling import DRAWS, SamplingRows, sample

__all__ = ["NativeStep"]


class _Linear(ctypes.Structure):
    _fields_ = (
        ("weights", ctypes.c_void_p),
        ("scales", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
    )


class _Draws(ctypes.Structure):
    _fields_ = (
        ("temperature", ctypes.c_void_p),
        ("top_k", ctypes.c_void_p),
        ("top_p", ctypes.c_void_p),
        ("uniforms", ctypes.c_void_p),
        ("tries", ctypes.c_int64),
    )


class _Layer(ctypes.Structure):
    _fields_ = tuple((name, _Linear) for name in ("query_key_value", "output", "up", "down"))


class _Shape(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_int64)
            for name in (
                *("layers", "hidden", "heads", "key_heads", "head_size"),
                *("inner", "rotary", "centred", "gated", "read_layer"),
            )
        ),
        ("epsilon", ctypes.c_double),
    )


class NativeStep:
    """One token for each row, on keys and values in bfloat16 that the general path shares."""

    def __init__(
        self, *, library: Path, weights: DecoderWeights, read_layer: int, threads: int
    ) -> None:
        self._weights = weights
        self._library = ctypes.CDLL(str(library))
        self._declare()
        shape = _Shape(
            layers=len(weights.layers),
            hidden=weights.embedding.shape[1],
            heads=weights.heads,
            key_heads=weights.key_heads,
            head_size=weights.head_size,
            inner=weights.inner,
            rotary=weights.positions is None,
            centred=weights.centred,
            gated=weights.gated,
            read_layer=read_layer,
            epsilon=weights.epsilon,
        )
        layers = (_Layer * len(weights.layers))(
            *(_Layer(*map(_linear, layer)) for layer in weights.layers)
        )
        self._decoder = ctypes.c_void_p(
            self._library.decoder_new(
                ctypes.byref(shape),
                layers,
                ctypes.byref(_linear(weights.head)),
                weights.cosines.data_ptr(),
                weights.sines.data_ptr(),
                threads,
            )
        )
        weakref.finalize(self, self._library.decoder_delete, self._decoder)

    def __call__(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        caches: Sequence[tuple[torch.Tensor, torch.Tensor]],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Extend row i by `tokens[i]` at `positions[i]`.

        Returns logits [n, vocabulary] and the states [n, width] after the layer that is read.
        `caches` has the keys and values of each layer, [slots, heads, capacity, size].
        """
        weights, rows = self._weights, len(tokens)
        states = weights.embedding[tokens].float()
        if weights.positions is not None:
            states += weights.positions[positions]
        logits = torch.empty((rows, weights.head.outputs))
        read = torch.empty_like(states)
        pointers = ctypes.c_void_p * len(caches)
        self._library.decoder_step(
            self._decoder,
            rows,
            positions.data_ptr(),
            states.data_ptr(),
            pointers(*(keys.data_ptr() for keys, _ in caches)),
            pointers(*(values.data_ptr() for _, values in caches)),
            caches[0][0].shape[2],
            logits.data_ptr(),
            read.data_ptr(),
        )
        return logits[:, : weights.vocabulary], read

    def draw(
        self, logits: torch.Tensor, rows: SamplingRows, uniform: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What `sampling.sample` returns, in a fraction of the time.

        The few rows whose nucleus is missed at every try are left to that.
        """
        count, vocabulary = logits.shape
        uniform = uniform.contiguous()
        tokens, logprobs = torch.empty(count, dtype=torch.int64), torch.empty(count)
        self._library.decoder_draw(
            self._decoder,
            count,
            logits.data_ptr(),
            logits.stride(0),
            vocabulary,
            ctypes.byref(
                _Draws(
                    rows.temperature.data_ptr(),
                    rows.top_k.data_ptr(),
                    rows.top_p.data_ptr(),
                    uniform.data_ptr(),
                    DRAWS - 1,
                )
            ),
            tokens.data_ptr(),
            logprobs.data_ptr(),
        )
        missed = torch.nonzero(tokens < 0).flatten()
        if len(missed):
            tokens[missed], logprobs[missed] = sample(
                logits[missed], rows.take(missed), uniform[missed]
            )
        return tokens, logprobs

    def _declare(self) -> None:
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._library.decoder_new.argtypes = [*(5 * [pointer]), ctypes.c_int]
        self._library.decoder_new.restype = pointer
        self._library.decoder_step.argtypes = [
            *(pointer, number),
            *(4 * [pointer]),
            number,
            *(2 * [pointer]),
        ]
        self._library.decoder_step.restype = None
        self._library.decoder_draw.argtypes = [
            *(pointer, number, pointer, number, number),
            *(3 * [pointer]),
        ]
        self._library.decoder_draw.restype = None
        self._library.decoder_delete.argtypes = [pointer]
        self._library.decoder_delete.restype = None


def _linear(packed: PackedLinear) -> _Linear:
    return _Linear(
        packed.weights.data_ptr(),
        packed.scales.data_ptr(),
        packed.bias.data_ptr(),
        packed.inputs,
        packed.outputs,
    )
