"""An engine in a process of its own, as the benchmark asks it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np

from bot.generation.process import PATIENT_THREADS
from tests.bench.engines.port import EngineModel

__all__ = ["OURS", "EngineProcess"]

OURS = "Punchline"
_MARK = "engine "


class EngineProcess:
    """Starts it, and ends it when the context is left. Raises `RuntimeError` with its last words.

    Every engine has its own threads, which would be in the others' way in one process. Ours waits
    as it does in a worker, the others as they please.
    """

    def __init__(self, name: str, model: EngineModel) -> None:
        self._name = name
        self._model = model
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        model = self._model
        self._complaints = self._stack.enter_context(tempfile.TemporaryFile("w+"))
        self._process = self._stack.enter_context(
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.bench.engines", self._name),
                    *map(str, (model.directory, model.name, model.gguf, model.scratch)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
                env={**(PATIENT_THREADS if self._name == OURS else {}), **os.environ},
            )
        )
        self._hear()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._stack.close()

    def speed(self, prompts: Sequence[Sequence[int]], **options: int) -> float:
        """Tokens a second over all prompts at once; ours may be asked for some `candidates`."""
        return float(self._ask({"prompts": prompts, **options})["tokens_per_second"])

    def read(self, text: Sequence[int]) -> Any:
        """Logits [tokens - 1, vocabulary]."""
        with tempfile.TemporaryDirectory(dir=self._model.scratch) as directory:
            path = Path(directory, "logits.npy")
            self._ask({"read": text, "into": str(path)})
            return np.load(path)

    def _ask(self, content: dict[str, object]) -> dict[str, Any]:
        if self._process.stdin is None:
            raise ValueError("the process needs a pipe for its input")
        self._process.stdin.write(f"{json.dumps(content)}\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise ValueError("the process needs a pipe for its output")
        for line in self._process.stdout:
            if line.startswith(_MARK):
                answer: dict[str, Any] = json.loads(line.removeprefix(_MARK))
                return answer
        self._complaints.seek(0)
        words = self._complaints.read().strip().splitlines()
        raise RuntimeError(f"{self._name} ended: {words[-1] if words else 'without a word'}")
