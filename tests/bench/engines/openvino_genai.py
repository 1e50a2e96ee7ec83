"""OpenVINO GenAI's continuous batching on the weights of the GGUF file in 8 bits."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import openvino
import openvino_genai

from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P, EngineModel

__all__ = ["OpenVinoEngine"]

_BATCHED_TOKENS = 4096
_CACHE_GIB = 1


class OpenVinoEngine:
    """Prompts are read whole, and nothing of one is kept for the next."""

    def __init__(self, model: EngineModel) -> None:
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.max_num_batched_tokens = _BATCHED_TOKENS
        scheduler.cache_size = _CACHE_GIB
        scheduler.dynamic_split_fuse = False
        scheduler.enable_prefix_caching = False
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            str(model.gguf), scheduler, "CPU", {"enable_save_ov_model": True}
        )
        self._graph = model.gguf.with_name("openvino_model.xml")
        self._config = openvino_genai.GenerationConfig()
        self._config.max_new_tokens = NEW_TOKENS
        self._config.min_new_tokens = NEW_TOKENS
        self._config.ignore_eos = True
        self._config.do_sample = True
        self._config.temperature = TEMPERATURE
        self._config.top_p = TOP_P
        self._config.top_k = 0

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        """All prompts are handed over together."""
        inputs = [openvino.Tensor(np.array([prompt], dtype=np.int64)) for prompt in prompts]
        results = self._pipeline.generate(inputs, [self._config] * len(inputs))
        return sum(len(result.m_generation_ids[0]) for result in results)

    def read(self, text: Sequence[int]) -> Any:
        """The graph that the pipeline has made, in one pass."""
        request = self._compiled.create_infer_request()
        ids = np.array([text[:-1]], dtype=np.int64)
        request.infer(
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "position_ids": np.arange(ids.shape[1], dtype=np.int64)[None],
                "beam_idx": np.zeros(1, dtype=np.int32),
            }
        )
        return request.get_tensor("logits").data[0].astype(np.float32)

    @cached_property
    def _compiled(self) -> Any:
        return openvino.Core().compile_model(self._graph, "CPU")
