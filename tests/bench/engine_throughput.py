"""Tokens a second of the engine, next to plain `transformers.generate` on the same weights."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers.utils.logging import disable_progress_bar

from bot.generation.engine import Engine, EngineJob
from bot.generation.worker import build_engine
from finetune.models import LoadedModel, choose_device, choose_dtype, load_model
from finetune.template import Template
from tests.bench.results import EngineRound, EngineRun

__all__ = ["CONCURRENCIES", "measure_engine"]

CONCURRENCIES = (1, 8, 32)
_NEW_TOKENS = 48
_TEMPERATURE = 0.9
_TOP_P = 0.95
_SHORTEST_PROMPT = 10
_LONGEST_PROMPT = 20
_JOKES = Path(__file__).parents[1] / "jokes.txt"


class _Endless(Template):
    """A template in which nothing ends a joke, so that all jokes have the same length."""

    def end_ids(self, tokenizer: Any) -> frozenset[int]:
        return frozenset()


def measure_engine(
    directory: Path, *, name: str, rounds: int, say: Callable[[str], None]
) -> EngineRun:
    """Alternate both, the other one first in every second round, after one warm-up of each."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    device = choose_device("auto")
    loaded = load_model(directory, name=name, device=device, dtype=choose_dtype("auto", device))
    endless = _Endless(**vars(loaded.template))
    engine = build_engine(replace(loaded, template=endless), slots=max(CONCURRENCIES))
    prompts = _prompts(loaded)
    contenders: dict[str, Callable[[list[list[int]]], None]] = {
        "ours": lambda batch: _run_ours(engine, batch),
        "theirs": lambda batch: _run_theirs(loaded, batch),
    }
    for name_of, run in contenders.items():
        say(f"engine throughput, warm-up of {name_of}")
        run(prompts[: CONCURRENCIES[1]])
    measured = []
    for number in range(1, rounds + 1):
        for concurrency in CONCURRENCIES:
            say(f"engine throughput, round {number} of {rounds}: {concurrency} at once")
            order = list(contenders) if number % 2 else list(reversed(contenders))
            speeds = {each: _speed(contenders[each], prompts[:concurrency]) for each in order}
            measured.append(EngineRound(concurrency=concurrency, **speeds))
    return EngineRun(
        model=loaded.version,
        device=str(device),
        dtype=str(loaded.model.dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        new_tokens=_NEW_TOKENS,
        prompt_tokens=[len(prompt) for prompt in prompts],
        rounds=measured,
    )


def _prompts(loaded: LoadedModel) -> list[list[int]]:
    """One prompt for each request, of all lengths from the shortest to the longest."""
    jokes = _JOKES.read_text(encoding="utf-8").split()
    lengths = _LONGEST_PROMPT - _SHORTEST_PROMPT + 1
    prompts: list[list[int]] = []
    for number in range(max(CONCURRENCIES)):
        words = " ".join(jokes[number * 5 :][:_LONGEST_PROMPT])
        ids = loaded.tokenizer.encode(words, add_special_tokens=False)
        prompts.append(ids[: _SHORTEST_PROMPT + number * 7 % lengths])
    return prompts


def _speed(run: Callable[[list[list[int]]], None], prompts: list[list[int]]) -> float:
    began = time.perf_counter()
    run(prompts)
    return len(prompts) * _NEW_TOKENS / (time.perf_counter() - began)


def _run_ours(engine: Engine, prompts: list[list[int]]) -> None:
    for number, prompt in enumerate(prompts):
        engine.submit(
            EngineJob(
                id=str(number),
                prompt=prompt,
                count=1,
                max_tokens=_NEW_TOKENS,
                temperature=_TEMPERATURE,
                top_k=0,
                top_p=_TOP_P,
                seed=number,
            )
        )
    tokens = 0
    while engine.busy:
        tokens += sum(len(each.tokens) for _, done in engine.step() for each in done)
    _check(tokens, prompts)


def _run_theirs(loaded: LoadedModel, prompts: list[list[int]]) -> None:
    """The batch as the documentation of transformers says: padded on the left, with a mask."""
    width = max(map(len, prompts))
    device = loaded.model.device
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
    mask = torch.tensor(
        [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device
    )
    model: Any = loaded.model
    output = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=True,
        temperature=_TEMPERATURE,
        top_k=0,
        top_p=_TOP_P,
        min_new_tokens=_NEW_TOKENS,
        max_new_tokens=_NEW_TOKENS,
        pad_token_id=0,
    )
    _check((output.shape[1] - width) * len(prompts), prompts)


def _check(tokens: int, prompts: list[list[int]]) -> None:
    if tokens != len(prompts) * _NEW_TOKENS:
        raise ValueError(f"{tokens} tokens for {len(prompts)} requests of {_NEW_TOKENS}")
