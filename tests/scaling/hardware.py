"""What a worker is made of: the CPU that was measured, and GPUs as their data sheets have them."""

from dataclasses import dataclass

import numpy as np

from tests.scaling.assumptions import PRICES, Gpu, Stated
from tests.scaling.measured import Measured
from tests.scaling.worker import StepTimes

__all__ = ["TOKENS_A_SECOND", "GpuSteps", "Kind", "MeasuredSteps", "kinds"]

TOKENS_A_SECOND = {1: 209.0, 8: 825.0, 32: 1_389.0}
"""docs/performance.md: of the engine, by requests at once."""

_TOKENS = 48
_STEP_SECONDS = 0.0033
_READ_SECONDS = 0.23
_BYTES = 2
"""Of a number in bfloat16."""


class MeasuredSteps:
    """What docs/performance.md says of the starter on 2 CPU cores, taken apart into steps.

    So many requests of 48 tokens at once made so many tokens a second. A step with one row takes
    3.3 ms, and 32 prompts 0.23 s; between what was measured there is a straight line.
    """

    def __init__(self) -> None:
        seconds = {rows: rows * _TOKENS / speed for rows, speed in TOKENS_A_SECOND.items()}
        few, many = min(seconds), max(seconds)
        first = seconds[few] - (_TOKENS - 1) * _STEP_SECONDS
        self._more = (_READ_SECONDS - first) / (many - few)
        self._first = first - self._more
        # The first token comes with the prompt.
        steps = [(took - self.read(rows)) / (_TOKENS - 1) for rows, took in seconds.items()]
        self._decode: list[float] = np.interp(range(many + 1), list(seconds), steps).tolist()

    def read(self, requests: int) -> float:
        return self._first + self._more * requests

    def decode(self, rows: int) -> float:
        return self._decode[rows]


class GpuSteps:
    """A step reads all weights, and each row's keys and values, at a share of the bandwidth.

    Prompts are read as fast as that, or as a share of the operations allows if that is slower.
    `tokens` is the mean length of a row.
    """

    def __init__(self, gpu: Gpu, stated: Stated, *, tokens: float) -> None:
        self._bandwidth = gpu.bandwidth * stated.gpu_efficiency
        self._operations = gpu.operations * stated.gpu_efficiency
        self._start = stated.gpu_step_seconds
        self._weights = stated.gpu_model_weights
        self._prompt = stated.prompt_tokens
        self._row = 2 * _BYTES * stated.gpu_model_layers * stated.gpu_model_width * tokens

    def read(self, requests: int) -> float:
        bytes_read = self._weights * _BYTES
        operations = 2 * self._weights * self._prompt * requests
        return self._start + max(bytes_read / self._bandwidth, operations / self._operations)

    def decode(self, rows: int) -> float:
        bytes_read = self._weights * _BYTES + rows * self._row
        operations = 2 * self._weights * rows
        return self._start + max(bytes_read / self._bandwidth, operations / self._operations)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of worker; `dollars` an hour."""

    name: str
    steps: StepTimes
    places: int
    dollars: float


def kinds(measured: Measured, stated: Stated, *, slots: int) -> list[Kind]:
    """The measured CPU with the starter first, then the GPUs with GPT-2 medium."""
    half = float(np.concatenate(measured.draws).mean()) / 2
    gpus = [
        Kind(
            name=gpu.name,
            steps=GpuSteps(gpu, stated, tokens=stated.prompt_tokens + half),
            places=stated.gpu_slots,
            dollars=gpu.dollars,
        )
        for gpu in PRICES.gpus
    ]
    cpu = Kind(
        name="2 CPU cores",
        steps=MeasuredSteps(),
        places=slots,
        dollars=PRICES.worker_hour,
    )
    return [cpu, *gpus]
