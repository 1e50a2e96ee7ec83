"""Punchline's engine, with the compiled step as soon as it is there."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch

from bot.generation.jobs import EngineJob
from bot.generation.native.compiling import built_step
from bot.generation.native.quickening import Quickening
from bot.generation.native.step import NativeStep
from bot.generation.native.weights import DecoderWeights
from bot.generation.worker import build_engine
from finetune.models import choose_device, choose_dtype, load_model
from finetune.template import Template
from tests.bench.engines.port import NEW_TOKENS, TEMPERATURE, TOP_P, EngineModel
from tests.stepping import step_through

__all__ = ["PunchlineEngine"]

_SLOTS = 32


class _Endless(Template):
    """A template in which nothing ends a joke, so that all jokes have the same length."""

    def end_ids(self, tokenizer: Any) -> frozenset[int]:
        return frozenset()


class PunchlineEngine:
    """What a worker serves with."""

    def __init__(self, model: EngineModel) -> None:
        device = choose_device("auto")
        loaded = load_model(
            model.directory,
            name=model.name,
            device=device,
            dtype=choose_dtype("auto", device),
        )
        self._steps = model.scratch / "steps"
        self._model = loaded.model
        template = _Endless(**vars(loaded.template))
        self._engine = build_engine(replace(loaded, template=template), slots=_SLOTS)
        quickening = Quickening.begin(self._model, engine=self._engine, directory=self._steps)
        while quickening is not None and not quickening.finished():
            time.sleep(0.1)
        while self._engine.busy:  # on a GPU it first records its steps
            self._engine.step()

    def run(self, prompts: Sequence[Sequence[int]], *, candidates: int = 1) -> int:
        """As the worker does for as many requests of so many candidates each."""
        for number, prompt in enumerate(prompts):
            self._engine.submit(
                EngineJob(
                    id=str(number),
                    prompt=list(prompt),
                    count=candidates,
                    max_tokens=NEW_TOKENS,
                    temperature=TEMPERATURE,
                    top_k=0,
                    top_p=TOP_P,
                    seed=number,
                )
            )
        tokens = 0
        while self._engine.busy:
            tokens += sum(len(each.tokens) for _, done in self._engine.step() for each in done)
        return tokens

    def read(self, text: Sequence[int]) -> Any:
        """By the compiled step alone; a worker leaves the prompt to bfloat16, which is no worse."""
        return step_through(self._step, self._weights, torch.tensor([text[:-1]]))[0].numpy()

    @cached_property
    def _weights(self) -> DecoderWeights:
        return DecoderWeights.of(self._model)

    @cached_property
    def _step(self) -> NativeStep:
        return NativeStep(
            library=built_step(self._steps),
            weights=self._weights,
            read_layer=0,
            threads=torch.get_num_threads(),
        )
