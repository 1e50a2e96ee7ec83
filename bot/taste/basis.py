"""From a joke to the few numbers that taste is about."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from bot.taste.belief import Vector

__all__ = ["Basis", "unpacked"]

_DIRECTIONS = 24
"""Directions of the features that are kept; with more, the first votes teach less."""
_FARTHEST = 4.0
"""Standard deviations beyond which a joke is no stranger still."""
_FORM = 0.6
"""How much what anybody can see counts beside what the model makes of a joke."""
_USUAL_WORDS, _SPREAD_WORDS = 13.5, 0.4

Features = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """Where the features of a version's jokes vary most: `center` [features], `axes` [n, features].

    Along each axis the jokes it was made of vary by one standard deviation divided by √n.
    """

    center: Features
    axes: Features

    @property
    def width(self) -> int:
        """How many numbers a joke becomes: one for each axis, two for its form, and a constant."""
        return len(self.axes) + 3

    @classmethod
    def of(cls, features: Sequence[bytes]) -> "Basis":
        """The basis for a version that makes this of some jokes, at least two (PCA, whitened).

        Raises `ValueError` for features of different widths, and for too few.
        """
        sample = np.stack([unpacked(each) for each in features])
        if len(sample) < 2:  # noqa: PLR2004 - one joke does not vary
            raise ValueError("a basis takes at least two jokes")
        center = sample.mean(axis=0)
        _, spread, axes = np.linalg.svd(sample - center, full_matrices=False)
        spread = spread / math.sqrt(len(sample))
        kept = min(_DIRECTIONS, int((spread > spread[0] * 1e-4).sum()))
        scale = (spread[:kept] * math.sqrt(kept))[:, None]
        return cls(center=center, axes=(axes[:kept] / scale).astype(np.float32))

    @classmethod
    def from_bytes(cls, content: bytes) -> "Basis":
        """Read what `to_bytes` wrote. Raises `ValueError`."""
        try:
            arrays = load(content)
            return cls(center=arrays["center"], axes=arrays["axes"])
        except (SafetensorError, KeyError) as error:
            raise ValueError(f"not a basis: {error}") from error

    def to_bytes(self) -> bytes:
        """The basis as a safetensors file."""
        return save({"center": self.center, "axes": np.ascontiguousarray(self.axes)})

    def place(self, text: str, features: bytes | None) -> Vector | None:
        """What is liked or not about a joke [width], or None without features that fit."""
        if features is None or len(features) != 2 * len(self.center):
            return None
        places = self.axes @ (unpacked(features) - self.center)
        bound = _FARTHEST / math.sqrt(max(1, len(self.axes)))
        words = math.log(max(1, len(text.split())) / _USUAL_WORDS) / _SPREAD_WORDS
        words = min(max(words, -_FARTHEST), _FARTHEST)
        form = [_FORM * words, _FORM if "?" in text else -_FORM, 1.0]
        return np.concatenate([np.clip(places, -bound, bound), form]).astype(np.float64)


def unpacked(features: bytes) -> Features:
    """The vector that a worker packed. Raises `ValueError` for broken bytes."""
    return np.frombuffer(features, dtype="<f2").astype(np.float32)
