"""Records work as CUDA graphs do, on any device: the same operations on the very same tensors."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["ReplayingRecorder"]

_WAITING = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::unique")
"""What would make the host wait for the device, which a graph cannot."""


class ReplayingRecorder:
    """Implements `Recorder`.

    What is repeated sees only the tensors that were there when it was recorded: whoever puts
    another in the place of one, instead of writing into it, is not heard. Recording itself changes
    nothing, as with a graph. `repeated` counts how often anything was repeated.
    """

    def __init__(self) -> None:
        self.recorded = 0
        self.repeated = 0

    def record(
        self, work: Callable[[], None], *, trial: Callable[[], None]
    ) -> Callable[[], object]:
        trial()
        with _Tape() as tape:
            work()
        tape.undo()
        self.recorded += 1

        def repeat() -> None:
            self.repeated += 1
            tape.play()

        return repeat


class _Tape(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, Any, Any, Any]] = []
        self._before: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.name in _WAITING:
            raise RuntimeError(f"{func} waits for the device, which cannot be recorded")
        kwargs = kwargs or {}
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                self._before.append((value, value.clone()))
        result = func(*args, **kwargs)
        self._calls.append((func, args, kwargs, result))
        return result

    def undo(self) -> None:
        for tensor, before in reversed(self._before):
            tensor.copy_(before)
        self._before.clear()

    def play(self) -> None:
        for func, args, kwargs, result in self._calls:
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)
