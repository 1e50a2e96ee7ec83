"""Peak training memory, worked out from the shapes of a model without computing anything."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from transformers import PretrainedConfig

from finetune.bases import BaseModelError
from finetune.memory.choices import Optimizer
from finetune.memory.plan import Plan, model_of

__all__ = ["Estimate", "estimate"]

_META = torch.device("meta")
_FLOAT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """Bytes at the peak of a step, by what they hold; `trained` of `parameters` are trained.

    Libraries and what an allocator cannot use again come on top, usually a tenth to a fifth.
    """

    parameters: int
    trained: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int

    def parts(self) -> dict[str, int]:
        """The parts by name, in bytes."""
        counted = ("parameters", "trained")
        return {
            part.name: getattr(self, part.name) for part in fields(self) if part.name not in counted
        }

    @property
    def total(self) -> int:
        """All parts together, in bytes."""
        return sum(self.parts().values())


def estimate(config: PretrainedConfig, plan: Plan, *, fused_attention: bool) -> Estimate:
    """Count weights exactly, and what a forward pass keeps for the backward pass.

    The pass runs on tensors that have a shape and no content, so any architecture is counted as it
    is. With `fused_attention` no scores of single tokens are kept even where attention has
    dropout, as kernels on a GPU do and those for CPUs do not. Raises `BaseModelError`.
    """
    longest = getattr(config, "max_position_embeddings", None)
    if longest is not None and plan.length > longest:
        raise BaseModelError(
            f"This model reads at most {longest:,} tokens; give a --length up to that."
        )
    model = model_of(config, plan, device=_META)
    weights = list(model.parameters())
    trained = [weight for weight in weights if weight.requires_grad]
    kept, logits = _kept_by_forward(model, plan, fused_attention=fused_attention)
    # The logits' gradient exists twice for a moment: as it arrives and as it is passed on.
    logits += 2 * plan.batch * plan.length * config.vocab_size * _FLOAT
    if plan.gradient_checkpointing:
        kept = _kept_with_checkpoints(config, plan, kept=kept, logits=logits)
    states = 2 if plan.optimizer is Optimizer.ADAMW else 0
    return Estimate(
        parameters=sum(weight.numel() for weight in weights),
        trained=sum(weight.numel() for weight in trained),
        weights=_bytes(weights),
        gradients=_bytes(trained),
        optimizer=states * _bytes(trained),
        activations=kept,
        logits=logits,
    )


def _bytes(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _kept_with_checkpoints(config: PretrainedConfig, plan: Plan, *, kept: int, logits: int) -> int:
    """One hidden state a layer, and one layer computed again (Chen et al. 2016, arXiv:1604.06174).

    That layer comes when the logits are gone, so it counts only by what it is larger.
    """
    layers = config.num_hidden_layers
    hidden = plan.batch * plan.length * config.hidden_size * _FLOAT
    return int(layers * hidden + max(0, kept // layers - logits))


class _Attention(TorchFunctionMode):
    """Takes the dropout out of fused attention: on a CPU it makes torch keep every score."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self._fused = fused

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._fused and func is torch.nn.functional.scaled_dot_product_attention:
            kwargs = {**kwargs, "dropout_p": 0.0}
        return func(*args, **kwargs)


class _Kept:
    """Adds up the storages that autograd keeps, each once and without the weights' own."""

    def __init__(self, weights: Iterable[torch.Tensor], *, vocabulary: int) -> None:
        self._vocabulary = vocabulary
        # The storages themselves are held so that none of their ids is given away again.
        self._seen = {id(storage): storage for storage in map(_storage, weights)}
        self.activations = 0
        self.logits = 0

    def count(self, tensor: torch.Tensor) -> torch.Tensor:
        """Count a tensor when it is kept; returns it as it is."""
        storage = _storage(tensor)
        if id(storage) not in self._seen:
            self._seen[id(storage)] = storage
            if tensor.dim() > 1 and tensor.shape[-1] == self._vocabulary:
                self.logits += storage.nbytes()
            else:
                self.activations += storage.nbytes()
        return tensor


def _storage(tensor: torch.Tensor) -> torch.UntypedStorage:
    return tensor.untyped_storage()


def _kept_by_forward(model: Any, plan: Plan, *, fused_attention: bool) -> tuple[int, int]:
    """Bytes kept for the backward pass: activations, and logits."""
    with FakeTensorMode():
        weights = {name: _shaped(weight) for name, weight in model.named_parameters()}
        buffers = {name: _shaped(buffer) for name, buffer in model.named_buffers()}
        tokens = torch.zeros(plan.batch, plan.length, dtype=torch.long)
        inputs = {
            "input_ids": tokens,
            "position_ids": torch.arange(plan.length).expand(plan.batch, plan.length),
            "labels": tokens,
            "use_cache": False,
        }
        kept = _Kept(weights.values(), vocabulary=model.config.vocab_size)
        with (
            torch.autograd.graph.saved_tensors_hooks(kept.count, lambda tensor: tensor),
            torch.autocast("cpu", torch.bfloat16, enabled=plan.dtype is torch.bfloat16),
            _Attention(fused=fused_attention),
        ):
            torch.func.functional_call(model, {**weights, **buffers}, kwargs=inputs)
    return kept.activations, kept.logits


def _shaped(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor without content of the same kind, for the device that computes."""
    return torch.empty(
        tensor.shape, dtype=tensor.dtype, device="cpu", requires_grad=tensor.requires_grad
    )
