"""Makes the compiled step ready beside a worker that already tells jokes."""

import logging
import threading
from pathlib import Path
from typing import Any, Protocol

import torch

from bot.generation.families import UnknownFamilyError
from bot.generation.native.compiling import StepError, built_step, can_multiply_bytes
from bot.generation.native.step import NativeStep
from bot.generation.native.weights import DecoderWeights

__all__ = ["Quickened", "Quickening"]

_log = logging.getLogger(__name__)


class Quickened(Protocol):
    """An engine that takes a compiled step in the middle of its work."""

    @property
    def features_layer(self) -> int:
        """The layer whose output the step has to hand out."""

    def quicken(self, step: NativeStep) -> None:
        """Decode with it from now on."""


class Quickening:
    """A thread that builds and packs; the worker asks between two steps whether it has ended."""

    def __init__(self, *, model: Any, engine: Quickened, directory: Path) -> None:
        self._model = model
        self._engine = engine
        self._directory = directory
        self._step: NativeStep | None = None
        self._thread = threading.Thread(target=self._prepare, name="compiled step", daemon=True)

    @classmethod
    def begin(cls, model: Any, *, engine: Quickened, directory: Path) -> "Quickening | None":
        """Start, where the model is in bfloat16 on a processor for which it pays; else None.

        Float32 stays with the general path, which is exactly repeatable.
        """
        if model.device.type != "cpu" or model.dtype != torch.bfloat16 or not can_multiply_bytes():
            return None
        quickening = cls(model=model, engine=engine, directory=directory)
        quickening.start()
        return quickening

    def start(self) -> None:
        """Begin to prepare."""
        self._thread.start()

    def finished(self) -> bool:
        """Whether preparing has ended; the first such answer hands the step to the engine."""
        if self._thread.is_alive():
            return False
        if self._step is not None:
            self._engine.quicken(self._step)
            self._step = None
        return True

    def _prepare(self) -> None:
        try:
            library = built_step(self._directory)
            self._step = NativeStep(
                library=library,
                weights=DecoderWeights.of(self._model),
                read_layer=self._engine.features_layer,
                threads=torch.get_num_threads(),
            )
        except (StepError, UnknownFamilyError, OSError) as error:
            _log.info("jokes are decoded the plain way: %s", error)
        else:
            _log.info("jokes are decoded with the compiled step %s", library.name)
