"""What training is tested with: a tiny untaught base, a small corpus, and a recipe for them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from finetune.corpus.corpus import SCHEMA
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusJoke
from finetune.recipes.recipe import Recipe
from finetune.training.learner import Learner, learner
from finetune.training.reporting import TrainingStep
from finetune.training.run import Outcome, TrainingRun
from tests.tiny import tiny_model, tiny_tokenizer

__all__ = [
    "CPU",
    "Listener",
    "SmallRun",
    "losses",
    "small_jokes",
    "small_recipe",
    "write_base",
    "write_corpus",
]

_ANIMALS = ("cat", "dog", "fish", "bear", "duck", "goat")
_THINGS = ("laptop", "kitchen", "band", "ladder", "bakery", "beach", "clock")
_HELD_OUT_JOKES = 8
CPU = torch.device("cpu")


def small_jokes() -> list[CorpusJoke]:
    """Forty-two jokes with two topics each."""
    return [
        CorpusJoke(
            text=f"Why did the {animal} like the {thing}? It had a {thing} of its own.",
            topics=(animal, thing),
            source="small",
        )
        for animal in _ANIMALS
        for thing in _THINGS
    ]


def write_corpus(directory: Path, jokes: Sequence[CorpusJoke] | None = None) -> Path:
    """A prepared corpus, the last eight of its jokes held out."""
    jokes = small_jokes() if jokes is None else jokes
    sides = {TRAIN: jokes[:-_HELD_OUT_JOKES], HELD_OUT: jokes[-_HELD_OUT_JOKES:]}
    directory.mkdir(parents=True)
    for name, side in sides.items():
        lines = [json.dumps(joke.to_json()) + "\n" for joke in side]
        (directory / name).write_text("".join(lines))
    summary = {
        "schema": SCHEMA,
        "options": {},
        "jokes": {"train": len(sides[TRAIN]), "held_out": len(sides[HELD_OUT])},
        "sha256": {
            name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in sides
        },
    }
    (directory / SUMMARY).write_text(json.dumps(summary))
    return directory


def write_base(directory: Path, *, family: str = "llama", ruined: bool = False) -> Path:
    """An untaught tiny model as a plain transformers directory; a ruined one only says nan."""
    # So small a model is taught fastest by one thread, above all where others compute too.
    torch.set_num_threads(1)
    model = tiny_model(family)
    if ruined:
        with torch.no_grad():
            next(model.parameters()).fill_(float("nan"))
    model.save_pretrained(directory)
    tiny_tokenizer().save_pretrained(directory)
    return directory


def small_recipe(base: Path, **changes: Any) -> Recipe:
    """About a dozen steps that take less than a second."""
    content: dict[str, Any] = {
        "base": str(base),
        "method": "full",
        "sequence_tokens": 64,
        "sequences": 4,
        "learning_rate": 1e-3,
        "epochs": 2,
        "evaluations": 1,
        "log_steps": 1,
        "checkpoint_steps": 3,
        "dtype": "float32",
        "trackers": [],
        "samples": 0,
    }
    return Recipe.model_validate(content | changes)


@dataclass
class Listener:
    """Remembers what a run reports."""

    steps: list[TrainingStep] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    def stage(self, name: str, step: int, of: int) -> None:
        self.stages.append(name)

    def training(self, now: TrainingStep) -> None:
        self.steps.append(now)

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        self.epochs.append(epoch)


@dataclass(kw_only=True)
class SmallRun:
    """A run inside this process, without the command around it."""

    recipe: Recipe
    corpus: Path
    directory: Path
    heard: Listener = field(default_factory=Listener)

    def learner(self) -> Learner:
        """A fresh model to be taught."""
        return learner(
            self.recipe,
            base_directory=Path(self.recipe.base),
            parent=None,
            device=CPU,
            dtype=torch.float32,
        )

    def run(self, *, resume: bool = False, pupil: Learner | None = None) -> Outcome:
        """Train to the end."""
        self.directory.mkdir(parents=True, exist_ok=True)
        return TrainingRun(
            recipe=self.recipe,
            learner=pupil or self.learner(),
            train=self.corpus / TRAIN,
            held_out=self.corpus / HELD_OUT,
            directory=self.directory,
            reporter=self.heard,
            compiler="eager",
        ).run(resume=resume)


def losses(outcome: Outcome) -> list[float]:
    """Training and held-out losses in the order in which they were logged."""
    return [
        entry[name] for entry in outcome.history for name in ("loss", "eval_loss") if name in entry
    ]
