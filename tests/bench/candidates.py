"""What choosing the best of some candidates costs a lone member, against drawing one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.engine_throughput import prompts_for
from tests.bench.engines.port import NEW_TOKENS, EngineModel
from tests.bench.engines.process import OURS, EngineProcess
from tests.bench.results import CandidatesRound

__all__ = ["CANDIDATES", "measure_candidates"]

CANDIDATES = 4
_REPEATS = 5


def measure_candidates(
    directory: Path, *, name: str, rounds: int, scratch: Path, say: Callable[[str], None]
) -> list[CandidatesRound]:
    """The same request alone in the engine, with one candidate and with some, in turn.

    All candidates are of the same length, so that the longest of some is no longer than one.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    model = EngineModel(
        directory=directory, name=name, gguf=scratch / "none.gguf", scratch=scratch.resolve()
    )
    prompts = prompts_for(directory)[:_REPEATS]
    measured = []
    with EngineProcess(OURS, model) as engine:
        for number in range(rounds + 1):
            if number:
                say(f"candidates, round {number} of {rounds}")
            one, some = (_seconds(engine, prompts, candidates) for candidates in (1, CANDIDATES))
            if number:  # before the first they warm up
                measured.append(CandidatesRound(one_seconds=one, some_seconds=some))
    return measured


def _seconds(engine: EngineProcess, prompts: Sequence[Sequence[int]], candidates: int) -> float:
    """The mean of some requests, one after the other."""
    speeds = [engine.speed([prompt], candidates=candidates) for prompt in prompts]
    return sum(candidates * NEW_TOKENS / speed for speed in speeds) / len(speeds)
