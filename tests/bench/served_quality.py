"""What is served, next to the float32 model: every token of some jokes predicted by each engine."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from finetune.models import LoadedModel, load_model
from tests.bench.engine_throughput import engine_model, engines_here
from tests.bench.engines.process import EngineProcess
from tests.bench.results import QualityLine

__all__ = ["measure_quality"]

_EXACT = "float32"
_JOKES = Path(__file__).parents[1] / "jokes.txt"


def measure_quality(
    directory: Path,
    *,
    name: str,
    jokes: Path | None,
    scratch: Path,
    say: Callable[[str], None],
) -> list[QualityLine]:
    """Of `jokes`, a text file with one a line, or of those of the tests."""
    loaded = load_model(directory, name=name, device=torch.device("cpu"), dtype=torch.float32)
    texts = _texts(loaded, jokes or _JOKES)
    model = engine_model(directory, name=name, scratch=scratch)
    say(f"quality of what is served on {len(texts)} jokes")
    with ExitStack() as stack:
        engines = {
            each: stack.enter_context(EngineProcess(each, model)) for each in engines_here(model)
        }
        sums = {each: _Sum() for each in (_EXACT, *engines)}
        for text in texts:
            exact = _exact(loaded, text)
            sums[_EXACT].add(text, exact, exact)
            for each, engine in engines.items():
                sums[each].add(text, exact, _logarithms(torch.from_numpy(engine.read(text))))
    return [found.line(each) for each, found in sums.items()]


def _texts(loaded: LoadedModel, path: Path) -> list[list[int]]:
    prompt = loaded.template.prompt(loaded.tokenizer, topic=None, opening=None)
    jokes = filter(None, path.read_text(encoding="utf-8").splitlines())
    return [
        [*prompt, *loaded.template.told_joke(loaded.tokenizer, joke, opening=None)]
        for joke in jokes
    ]


@torch.inference_mode()
def _exact(loaded: LoadedModel, text: Sequence[int]) -> torch.Tensor:
    model: Any = loaded.model
    return _logarithms(model(input_ids=torch.tensor([text[:-1]])).logits[0])


def _logarithms(logits: torch.Tensor) -> torch.Tensor:
    return logits.float().log_softmax(-1)


@dataclass(slots=True)
class _Sum:
    """What has been found over the texts so far, in nats and in tokens."""

    loss: float = 0.0
    divergence: float = 0.0
    agreement: float = 0.0
    tokens: int = 0

    def add(self, text: Sequence[int], exact: torch.Tensor, served: torch.Tensor) -> None:
        """Take in the predictions for a text, as logarithms of probabilities."""
        following = torch.tensor(text[1:])[:, None]
        self.loss -= served.gather(1, following).sum().item()
        self.divergence += (exact.exp() * (exact - served)).sum().item()
        self.agreement += (exact.argmax(-1) == served.argmax(-1)).sum().item()
        self.tokens += len(served)

    def line(self, name: str) -> QualityLine:
        """The means over all tokens."""
        return QualityLine(
            name=name,
            loss=self.loss / self.tokens,
            divergence=self.divergence / self.tokens,
            agreement=self.agreement / self.tokens,
            tokens=self.tokens,
        )
