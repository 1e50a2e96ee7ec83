"""How long the jokes of the real engine are, how many may be told, and what they take on disk.

Written to `measured.json` by `python -m tests.scaling measure`. No figure here is a speed, so the
machine may have other work; how fast steps are is in docs/performance.md.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bot.generation.engine import EngineJob, Generated, TorchEngine
from bot.generation.native.quickening import Quickening
from bot.generation.worker import build_engine
from bot.model import ServedModel, prepared_model
from bot.settings import Settings, load_settings
from finetune.candidates import Candidate
from finetune.models import LoadedModel, choose_device, choose_dtype, load_model
from finetune.moderation import Moderator, Tier
from finetune.selection import Selector
from tests.bench.machine import describe_machine
from tests.scaling.measured import MEASURED, Measured
from tests.scaling.storing import measure_bytes

__all__ = ["measure"]

_REQUESTS = 100
_TOPICS = (
    *("cats", "dogs", "pirates", "ghosts", "dentists", "lawyers", "robots", "penguins"),
    *("teachers", "chickens", "elephants", "cheese", "coffee", "bicycles", "computers"),
    *("musicians", "doctors", "farmers", "snowmen", "dragons"),
)


def measure(*, scratch: Path, say: Callable[[str], None]) -> None:
    """Measure on this machine and write `measured.json`."""
    settings = load_settings(path=None, environment={})
    say("making the model ready")
    model = asyncio.run(prepared_model(settings, progress=lambda *_: None))
    loaded = _loaded(model)
    say("drawing jokes")
    engine = _quick(loaded, slots=settings.generation.slots, scratch=scratch)
    selector = Selector(moderator=Moderator.load(), tier=Tier.FAMILY, novelty=model.novelty())
    draws, redrawn, unfit = _draws(engine, loaded, selector, settings)
    say("filling databases")
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        stored = asyncio.run(
            measure_bytes(Path(directory), width=int(loaded.model.config.hidden_size))
        )
    found = Measured(
        machine=describe_machine(),
        draws=draws,
        redrawn=redrawn,
        unfit=unfit,
        stored=stored,
    )
    MEASURED.write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")


def _loaded(model: ServedModel) -> LoadedModel:
    device = choose_device("cpu")
    return load_model(
        model.directory,
        name=model.name,
        device=device,
        dtype=choose_dtype("auto", device),
        base_directory=model.base_directory,
    )


def _quick(loaded: LoadedModel, *, slots: int, scratch: Path) -> TorchEngine:
    """The engine a worker has, the compiled step included where there can be one."""
    engine = build_engine(loaded, slots=slots)
    quickening = Quickening.begin(loaded.model, engine=engine, directory=scratch / "steps")
    while quickening is not None and not quickening.finished():
        time.sleep(0.1)
    return engine


def _topic(number: int) -> str | None:
    """Every other request has one."""
    return _TOPICS[number % len(_TOPICS)] if number % 2 else None


def _job(loaded: LoadedModel, number: int, settings: Settings) -> EngineJob:
    chosen = settings.generation
    return EngineJob(
        id=str(number),
        prompt=loaded.template.prompt(loaded.tokenizer, topic=_topic(number), opening=None),
        count=chosen.candidates,
        max_tokens=chosen.max_tokens,
        temperature=chosen.temperature,
        top_k=chosen.top_k,
        top_p=chosen.top_p,
        seed=number,
    )


def _draws(
    engine: TorchEngine, loaded: LoadedModel, selector: Selector, settings: Settings
) -> tuple[list[list[int]], float, float]:
    """Tokens drawn for each request; how many requests had nothing to tell, how many candidates."""
    for number in range(_REQUESTS):
        engine.submit(_job(loaded, number, settings))
    draws: list[list[int]] = []
    fit: list[int] = []
    while engine.busy:
        for name, generated in engine.step():
            draws.append([len(each.tokens) + each.complete for each in generated])
            candidates = _candidates(loaded, generated)
            choices = selector.choices(candidates, opening=None, topic=_topic(int(name)))
            fit.append(len(choices))
    return draws, fit.count(0) / len(fit), 1 - sum(fit) / sum(map(len, draws))


def _candidates(loaded: LoadedModel, generated: Sequence[Generated]) -> list[Candidate]:
    return [
        Candidate(
            text=loaded.template.joke(loaded.tokenizer, opening=None, generated=each.tokens),
            tokens=len(each.tokens),
            score=each.logprob / max(1, len(each.tokens)),
            complete=each.complete,
        )
        for each in generated
    ]
