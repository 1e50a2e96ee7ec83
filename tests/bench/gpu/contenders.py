"""Who draws tokens side by side: our engine, and what transformers has for it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from bot.generation.graphs.engine import GraphEngine
from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P
from tests.bench.gpu.setting import Setting

__all__ = ["CONTENDERS", "OURS", "Contender", "our_engine"]

OURS = "Punchline"
_SHARE_OF_MEMORY = 0.3
"""Of the memory that is free, for the keys and values of each continuous batching."""


class Contender(Protocol):
    """Draws for all prompts at once."""

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        """`NEW_TOKENS` for each; returns how many were drawn in all."""


def our_engine(setting: Setting, *, slots: int) -> GraphEngine:
    """As a worker has it on such a device, with everything recorded."""
    keywords: dict[str, Any] = {
        "model": setting.model(),
        "end_ids": frozenset[int](),
        "slots": slots,
    }
    on_gpu = setting.device.type == "cuda"
    engine = GraphEngine.on_gpu(**keywords) if on_gpu else GraphEngine(**keywords)
    while engine.busy:
        engine.step()
    return engine


class _Ours:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._engine = our_engine(setting, slots=max(setting.concurrencies))

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        for number, prompt in enumerate(prompts):
            self._engine.submit(self._setting.job(number, prompt))
        tokens = 0
        while self._engine.busy:
            tokens += sum(len(each.tokens) for _, done in self._engine.step() for each in done)
        return tokens


class _Generate:
    """`generate` as its documentation says: padded on the left, with a mask."""

    def __init__(self, setting: Setting) -> None:
        self._model = setting.model()

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        width = max(map(len, prompts))
        ids = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        output = self._model.generate(
            input_ids=torch.tensor(ids, device=self._model.device),
            attention_mask=torch.tensor(mask, device=self._model.device),
            generation_config=_sampling(),
        )
        return int((output.shape[1] - width) * len(prompts))


class _ContinuousBatching:
    """`generate_batch` with a manager that stays, sized for and warmed by the most requests."""

    def __init__(self, setting: Setting, *, graphs: bool | None) -> None:
        self._model = setting.model()
        self._config = ContinuousBatchingConfig(
            use_cuda_graph=graphs,
            max_memory_percent=_SHARE_OF_MEMORY if setting.device.type == "cuda" else None,
            num_blocks=None if setting.device.type == "cuda" else 4 * max(setting.concurrencies),
            max_batch_tokens=None if setting.device.type == "cuda" else 2048,
        )
        self.run(setting.prompts(max(setting.concurrencies)))

    def run(self, prompts: Sequence[Sequence[int]]) -> int:
        outputs = self._model.generate_batch(
            inputs=[list(prompt) for prompt in prompts],
            generation_config=_sampling(),
            continuous_batching_config=self._config,
            persistent_manager=True,
        )
        tokens = sum(len(each.generated_tokens) for each in outputs.values())
        if tokens != NEW_TOKENS * len(prompts):
            raise RuntimeError(f"it drew {tokens} tokens for {len(prompts)} requests")
        return tokens


def _sampling() -> GenerationConfig:
    return GenerationConfig(
        do_sample=True,
        temperature=TEMPERATURE,
        top_k=0,
        top_p=TOP_P,
        min_new_tokens=NEW_TOKENS,
        max_new_tokens=NEW_TOKENS,
        eos_token_id=-1,
        pad_token_id=0,
    )


CONTENDERS: dict[str, Callable[[Setting], Contender]] = {
    OURS: _Ours,
    "continuous batching, CUDA graphs": lambda setting: _ContinuousBatching(setting, graphs=True),
    "continuous batching, as it chooses": lambda setting: _ContinuousBatching(setting, graphs=None),
    "generate": _Generate,
}
