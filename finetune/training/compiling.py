"""The layers of a model compiled for training, where that pays and a compiler is there."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.modeling_layers import GradientCheckpointingLayer

from finetune.training.likelihood import joke_nats

__all__ = ["CompiledLayers", "repeated_layers"]

_LOG = logging.getLogger(__name__)

Forward = Callable[..., Any]


def repeated_layers(model: torch.nn.Module) -> Sequence[torch.nn.Module]:
    """The layers of a transformer, which is where it spends its time."""
    return [part for part in model.modules() if isinstance(part, GradientCheckpointingLayer)]


@dataclass(frozen=True, kw_only=True)
class CompiledLayers:
    """Compiles one layer and lets all of its kind share what came out (torch.compile).

    A whole model takes as many times longer to compile as it has layers, and is not faster where
    products of matrices take most of the time. Layers are compiled for training only: whatever
    draws jokes or takes a held-out loss has rows of all lengths, and finds the layers plain.

    On a processor attention is written out as products of matrices with the softmax between them,
    which the compiler fuses: for short rows that is several times as fast as the kernel of torch.
    """

    model: Any
    backend: str | Callable[..., Any]

    def prepare(self, batch: Mapping[str, torch.Tensor], *, mixed_precision: bool) -> bool:
        """Compile with a batch of the shape to come; false, and all as before, if that fails.

        Neither weights, gradients nor the state of the random numbers are changed by it.
        """
        layers = repeated_layers(self.model)
        plain = [layer.forward for layer in layers]
        device = self.model.device
        was_training = self.model.training
        attention = self.model.config._attn_implementation
        self.model.train()
        if device.type == "cpu":
            self.model.set_attn_implementation("eager")
        try:
            with (
                torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
                warnings.catch_warnings(),
            ):
                # They are about the compiler's own doings.
                warnings.simplefilter("ignore")
                for layer in layers:
                    layer.forward = _for_training(
                        layer, shape=batch["input_ids"].shape, backend=self.backend
                    )
                with torch.autocast(device.type, torch.bfloat16, enabled=mixed_precision):
                    nats, _ = joke_nats(self.model, batch)
                nats.mean().backward()  # type: ignore[no-untyped-call]
        except Exception as error:  # whatever a compiler may raise, plain layers will do
            for layer, forward in zip(layers, plain, strict=True):
                layer.forward = forward
            self.model.set_attn_implementation(attention)
            reason = " ".join(str(error).split())[:200]
            _LOG.warning("Training goes on uncompiled: %s", reason)
            return False
        finally:
            self.model.zero_grad()
            self.model.train(was_training)
        return True


def _for_training(layer: Any, *, shape: torch.Size, backend: str | Callable[..., Any]) -> Forward:
    """Another shape, such as the last batch of an epoch, is not worth compiling for."""
    plain: Forward = layer.forward
    compiled = torch.compile(plain, dynamic=False, backend=backend)

    def forward(states: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        trained = layer.training and torch.is_grad_enabled() and states.shape[:2] == shape
        return (compiled if trained else plain)(states, *arguments, **named)

    return forward
