"""What a model itself makes of a joke: the mean hidden state of its tokens in a late layer."""

from collections.abc import Sequence
from typing import Any

import torch

__all__ = ["HiddenState", "JokeReader", "halved", "packed"]

DEPTH = 5 / 6
"""How deep the layer is, of all: those about here tell best what is liked, the last ones less."""

_LARGEST = torch.finfo(torch.float16).max


class HiddenState:
    """What one layer of a model has just computed: `latest` is [rows, tokens, width].

    Raises `ValueError` for a model whose layers cannot be found.
    """

    def __init__(self, model: Any, *, depth: float = DEPTH) -> None:
        layers = _layers(model)
        self.width = int(model.config.hidden_size)
        self.latest = torch.empty(0)
        self.layer = min(len(layers) - 1, int(len(layers) * depth))
        layers[self.layer].register_forward_hook(self._keep)

    def _keep(self, _layer: object, _inputs: object, output: Any) -> None:
        self.latest = output if isinstance(output, torch.Tensor) else output[0]


class JokeReader:
    """Reads whole jokes at once, which gives what decoding them gave but for rounding."""

    def __init__(self, *, model: Any, hidden: HiddenState, limit: int) -> None:
        self._model = model
        self._hidden = hidden
        self._limit = limit

    @torch.inference_mode()
    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        """The features of jokes, each the token ids of its prompt and its own; None without any.

        Padding is on the right, where causal attention never lets a joke look.
        """
        texts = [[*prompt, *joke][: self._limit] for prompt, joke in jokes]
        width = max(map(len, texts))
        ids = torch.tensor([text + [0] * (width - len(text)) for text in texts])
        self._model(input_ids=ids.to(self._model.device), use_cache=False, logits_to_keep=1)
        starts = [len(prompt) for prompt, _ in jokes]
        return [
            packed(states[start : len(text)].float().mean(0)) if start < len(text) else None
            for states, start, text in zip(self._hidden.latest, starts, texts, strict=True)
        ]


def halved(features: torch.Tensor) -> torch.Tensor:
    """Vectors as float16, what does not fit into it made to fit."""
    return torch.nan_to_num(features).clamp(-_LARGEST, _LARGEST).to(torch.float16)


def packed(features: torch.Tensor) -> bytes:
    """A vector [width] as float16 in the order of bytes that all common machines have."""
    return halved(features).cpu().numpy().astype("<f2").tobytes()


def _layers(model: Any) -> torch.nn.ModuleList:
    """A model's decoder layers, whatever its family calls them."""
    number = int(model.config.num_hidden_layers)
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == number:
            return module
    raise ValueError(f"the model has no list of its {number} layers")
