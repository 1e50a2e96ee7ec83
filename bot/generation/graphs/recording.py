"""Recording a step, so that the device can repeat it at a single word."""

from collections.abc import Callable
from typing import Protocol

import torch

__all__ = ["CudaRecorder", "Recorder"]


class Recorder(Protocol):
    """Records work on fixed buffers."""

    def record(
        self, work: Callable[[], None], *, trial: Callable[[], None]
    ) -> Callable[[], object]:
        """What repeats `work` on the very same tensors; raises `RuntimeError` if it cannot be.

        `trial` is the same work on other tensors, done first: whatever happens only once, such as
        loading a kernel, must not be recorded.
        """


class CudaRecorder:
    """Records CUDA graphs (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).

    They share one pool of memory, which is sound because they are repeated one after the other on
    one stream and keep nothing in it: what they leave is in tensors made before.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def record(
        self, work: Callable[[], None], *, trial: Callable[[], None]
    ) -> Callable[[], object]:
        serving = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(serving)
        with torch.cuda.stream(self._stream):
            trial()
        serving.wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        # The outer context brings the serving stream back even where ending a recording fails.
        with (
            torch.cuda.stream(serving),
            torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ),
        ):
            work()
        return graph.replay
