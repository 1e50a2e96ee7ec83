"""Tokens a second of the engine next to other engines, on the same weights and prompts."""

import importlib.util
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from finetune.bases import gguf_file, is_gguf
from finetune.models import choose_device
from tests.bench.engines.port import NEW_TOKENS, EngineModel
from tests.bench.engines.process import OURS, EngineProcess
from tests.bench.results import EngineRound, EngineRun

__all__ = ["CONCURRENCIES", "engine_model", "engines_here", "measure_engine", "prompts_for"]

CONCURRENCIES = (1, 8, 32)
_SHORTEST_PROMPT = 10
_LONGEST_PROMPT = 20
_JOKES = Path(__file__).parents[1] / "jokes.txt"
_ALWAYS = (OURS, "generate")
_OTHERS = {"llama.cpp": "llama_cpp", "OpenVINO": "openvino_genai"}
"""What only the extra `bench` installs."""


def measure_engine(
    directory: Path, *, name: str, rounds: int, scratch: Path, say: Callable[[str], None]
) -> EngineRun:
    """Alternate all, in turned order in every second round, after a warm-up of each."""
    model = engine_model(directory, name=name, scratch=scratch)
    here = engines_here(model)
    prompts = prompts_for(directory)
    measured = []
    with ExitStack() as stack:
        engines: dict[str, EngineProcess] = {}
        for each in here:
            say(f"engine throughput, warm-up of {each}")
            engines[each] = stack.enter_context(EngineProcess(each, model))
            for concurrency in CONCURRENCIES:
                engines[each].speed(prompts[:concurrency])
        for number in range(1, rounds + 1):
            order = list(engines) if number % 2 else list(reversed(engines))
            for concurrency in CONCURRENCIES:
                say(f"engine throughput, round {number} of {rounds}: {concurrency} at once")
                speeds = {each: engines[each].speed(prompts[:concurrency]) for each in order}
                measured.append(
                    EngineRound(
                        concurrency=concurrency,
                        tokens_per_second={each: speeds[each] for each in engines},
                    )
                )
    return EngineRun(
        model=name,
        device=str(choose_device("auto")),
        new_tokens=NEW_TOKENS,
        prompt_tokens=[len(prompt) for prompt in prompts],
        absent=[each for each in _OTHERS if each not in here],
        rounds=measured,
    )


def engines_here(model: EngineModel) -> list[str]:
    """The engines that are installed and can read the weights; Punchline's is the first."""
    if not model.gguf.exists():
        return list(_ALWAYS)
    return [*_ALWAYS, *(name for name, needs in _OTHERS.items() if importlib.util.find_spec(needs))]


def engine_model(directory: Path, *, name: str, scratch: Path) -> EngineModel:
    """The weights as other engines read them too, if they come as GGUF and llama.cpp is there."""
    scratch.mkdir(parents=True, exist_ok=True)
    gguf = scratch.resolve() / f"{Path(name).stem}-q8_0.gguf"
    if is_gguf(name) and importlib.util.find_spec("llama_cpp"):
        from tests.bench.engines.llama_cpp_batch import quantised

        quantised(gguf_file(name), gguf)
    return EngineModel(directory=directory, name=name, gguf=gguf, scratch=scratch)


def prompts_for(directory: Path) -> list[list[int]]:
    """One prompt for each request, of all lengths from the shortest to the longest."""
    tokenizer: Any = AutoTokenizer.from_pretrained(directory)  # type: ignore[no-untyped-call]
    jokes = _JOKES.read_text(encoding="utf-8").split()
    lengths = _LONGEST_PROMPT - _SHORTEST_PROMPT + 1
    prompts: list[list[int]] = []
    for number in range(max(CONCURRENCIES)):
        words = " ".join(jokes[number * 5 :][:_LONGEST_PROMPT])
        ids = tokenizer.encode(words, add_special_tokens=False)
        prompts.append(ids[: _SHORTEST_PROMPT + number * 7 % lengths])
    return prompts
