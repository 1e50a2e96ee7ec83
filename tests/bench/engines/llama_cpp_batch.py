"""llama.cpp with all requests in one batch, each with a sampler of its own."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P, EngineModel

__all__ = ["LlamaCppEngine", "quantised"]

_SEQUENCES = 32
_CONTEXT = 8192
_TOP_K = 40
_EVERY_LAYER_ON_THE_GPU = 99


def quantised(source: Path, target: Path) -> Path:
    """The same weights as Q8_0, made once: 8 bits with a scale for every 32 weights."""
    if not target.exists():
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
        parameters.allow_requantize = True
        part = target.with_suffix(".part")
        failed = llama_cpp.llama_model_quantize(
            str(source).encode(), str(part).encode(), ctypes.byref(parameters)
        )
        if failed:
            raise RuntimeError(f"llama.cpp could not make Q8_0 of {source}.")
        part.rename(target)
    return target


class LlamaCppEngine:
    """Samples by its usual chain, which looks at the 40 likeliest tokens only and so is faster."""

    def __init__(self, model: EngineModel) -> None:
        threads = len(os.sched_getaffinity(0))
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = _EVERY_LAYER_ON_THE_GPU
        self._model = llama_cpp.llama_model_load_from_file(str(model.gguf).encode(), parameters)
        context = llama_cpp.llama_context_default_params()
        context.n_ctx = context.n_batch = context.n_ubatch = _CONTEXT
        context.n_seq_max = _SEQUENCES
        context.n_threads = context.n_threads_batch = threads
        context.kv_unified = True
        self._context = llama_cpp.llama_init_from_model(self._model, context)
        self._batch = llama_cpp.llama_batch_init(_CONTEXT, 0, 1)
        self._samplers = [self._sampler(seed) for seed in range(_SEQUENCES)]

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        """One pass over all prompts, then one token of each a pass."""
        self._forget()
        rows = []
        for sequence, prompt in enumerate(prompts):
            for place, token in enumerate(prompt):
                self._add(token, place, sequence, wanted=place == len(prompt) - 1)
            rows.append(self._batch.n_tokens - 1)
        places = list(map(len, prompts))
        drawn = 0
        for _ in range(NEW_TOKENS):
            self._decode()
            tokens = [
                llama_cpp.llama_sampler_sample(sampler, self._context, row)
                for sampler, row in zip(self._samplers, rows, strict=False)
            ]
            drawn += len(tokens)
            self._batch.n_tokens = 0
            for sequence, token in enumerate(tokens):
                self._add(token, places[sequence], sequence, wanted=True)
                places[sequence] += 1
            rows = list(range(len(tokens)))
        return drawn

    def read(self, text: Sequence[int]) -> Any:
        """The whole text in one pass."""
        self._forget()
        for place, token in enumerate(text[:-1]):
            self._add(token, place, 0, wanted=True)
        self._decode()
        words = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model))
        logits = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(logits, shape=(len(text) - 1, words)).copy()

    def _sampler(self, seed: int) -> Any:
        chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        for sampler in (
            llama_cpp.llama_sampler_init_top_k(_TOP_K),
            llama_cpp.llama_sampler_init_top_p(TOP_P, 1),
            llama_cpp.llama_sampler_init_temp(TEMPERATURE),
            llama_cpp.llama_sampler_init_dist(seed),
        ):
            llama_cpp.llama_sampler_chain_add(chain, sampler)
        return chain

    def _forget(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), False)
        self._batch.n_tokens = 0

    def _add(self, token: int, place: int, sequence: int, *, wanted: bool) -> None:
        row = self._batch.n_tokens
        self._batch.token[row] = token
        self._batch.pos[row] = place
        self._batch.n_seq_id[row] = 1
        self._batch.seq_id[row][0] = sequence
        self._batch.logits[row] = wanted
        self._batch.n_tokens = row + 1

    def _decode(self) -> None:
        if llama_cpp.llama_decode(self._context, self._batch):
            raise RuntimeError("llama.cpp could not decode a batch.")
