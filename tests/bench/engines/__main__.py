"""One engine in a process: `python -m tests.bench.engines NAME DIRECTORY MODEL GGUF SCRATCH`.

Each line of standard input asks for one thing and is answered by a line of JSON.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np

from tests.bench.engines.port import NEW_TOKENS, Engine, EngineModel

_ENGINES = {
    "Punchline": "punchline:PunchlineEngine",
    "generate": "transformers_generate:GenerateEngine",
    "llama.cpp": "llama_cpp_batch:LlamaCppEngine",
    "OpenVINO": "openvino_genai:OpenVinoEngine",
}


def main(name: str, directory: str, model: str, gguf: str, scratch: str) -> None:
    """Serve until standard input ends."""
    module, _, kind = _ENGINES[name].partition(":")
    engine: Engine = getattr(importlib.import_module(f"tests.bench.engines.{module}"), kind)(
        EngineModel(directory=Path(directory), name=model, gguf=Path(gguf), scratch=Path(scratch))
    )
    _answer({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        if "prompts" in asked:
            _answer({"tokens_per_second": _speed(engine, **asked)})
        else:
            np.save(asked["into"], engine.read(asked["read"]))
            _answer({"read": True})


def _speed(engine: Engine, prompts: list[list[int]], **options: int) -> float:
    began = time.perf_counter()
    tokens = engine.run(prompts, **options)
    seconds = time.perf_counter() - began
    if tokens != len(prompts) * options.get("candidates", 1) * NEW_TOKENS:
        raise ValueError(f"{tokens} tokens for {len(prompts)} requests of {NEW_TOKENS}")
    return tokens / seconds


def _answer(content: dict[str, object]) -> None:
    # Libraries print what they like; what begins like this is for the one who asks.
    print(f"\nengine {json.dumps(content)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
