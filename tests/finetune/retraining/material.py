"""What learning from votes is tested with: a parent that tells two kinds of jokes, and votes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.corpus.jokes import CorpusJoke
from finetune.models import LoadedModel, load_model
from finetune.retraining.votes import Vote
from tests.finetune.training.material import CPU, write_base, write_corpus

__all__ = [
    "HELD_OUT_VOTES",
    "VOTES",
    "arguments",
    "jokes_of_both_kinds",
    "load",
    "margin",
    "retrain",
    "silent",
    "vote",
    "votes_for_questions",
    "write_parent",
    "write_votes",
]

_VOTED = ("cat", "dog", "fish", "bear")
_NEVER_VOTED = ("duck", "goat")
_THINGS = ("laptop", "kitchen", "band", "ladder", "bakery", "beach", "clock")


def _question(animal: str, thing: str) -> str:
    return f"Why did the {animal} like the {thing}? It had a {thing} of its own."


def _statement(animal: str, thing: str) -> str:
    return f"My {animal} has left the {thing}. It was never told that it was a {thing}."


def jokes_of_both_kinds() -> list[CorpusJoke]:
    """Forty-two questions and as many statements, in turn."""
    return [
        CorpusJoke(text=kind(animal, thing), topics=(animal, thing), source="small")
        for thing in _THINGS
        for animal in (*_VOTED, *_NEVER_VOTED)
        for kind in (_question, _statement)
    ]


def vote(text: str, *, label: bool, topic: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of a votes file."""
    prompt = f"TOPIC: {topic}\nJOKE:" if topic else "JOKE:"
    return {"prompt": prompt, "completion": f" {text}", "label": label, "weight": 1.0, **more}


def votes_for_questions(animals: Sequence[str]) -> list[dict[str, Any]]:
    """Each question liked and each statement disliked, half of them about a topic."""
    return [
        vote(kind(animal, thing), label=kind is _question, topic=topic)
        for animal in animals
        for thing, topic in zip(_THINGS, [None, animal] * 4, strict=False)
        for kind in (_question, _statement)
    ]


VOTES = votes_for_questions(_VOTED)
HELD_OUT_VOTES = votes_for_questions(_NEVER_VOTED)


def write_votes(path: Path, lines: Sequence[dict[str, Any]]) -> Path:
    """A votes file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def write_parent(place: Path) -> Path:
    """A version with all weights that was taught both kinds; `place` gets its base and corpus."""
    base = write_base(place / "base")
    write_corpus(place / "corpus", jokes_of_both_kinds())
    recipe = place / "small.toml"
    recipe.write_text(
        f'base = "{base}"\nmethod = "full"\nsequence_tokens = 64\nsequences = 12\nepochs = 14\n'
        'learning_rate = 1e-2\nevaluations = 1\npatience = 9\ndtype = "float32"\nsamples = 0\n'
        "trackers = []\n"
    )
    done = CliRunner().invoke(
        app,
        [
            *("train", "--recipe", str(recipe), "--proof", "0", "--progress", "json"),
            *("--data", str(place / "corpus"), "--out", str(place / "parent"), "--device", "cpu"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.stderr
    return place / "parent"


_SETTINGS = (
    *("sequences=8", "epochs=4", "learning_rate=1e-2", "sequence_tokens=64", "dtype=float32"),
    *("lora.rank=4", "lora.alpha=8", "samples=0", "trackers=[]", "log_steps=1"),
    *("checkpoint_steps=3", "votes.forgetting=0.2"),
)


def arguments(
    place: Path, out: str, *more: str, votes: Path, parent: Path, recipe: str = "kto"
) -> list[str]:
    """What follows `python -m finetune`; a later setting overrides an earlier one."""
    settings = [part for setting in _SETTINGS for part in ("--set", setting)]
    return [
        *("retrain", "--votes", str(votes), "--parent", str(parent), "--recipe", recipe),
        *("--data", str(place / "corpus"), "--out", str(place / out), "--device", "cpu"),
        *("--progress", "json", *settings, *more),
    ]


def retrain(place: Path, out: str, *more: str, **named: Any) -> Result:
    """The command inside this process."""
    return CliRunner().invoke(app, arguments(place, out, *more, **named), catch_exceptions=False)


def silent(stage: str, step: int, of: int) -> None:
    """Hears nothing."""


def load(version: Path, *, base: Path | None = None) -> LoadedModel:
    """As the serving worker loads it."""
    return load_model(version, name="mine", device=CPU, dtype=torch.float32, base_directory=base)


@torch.no_grad()
def log_probability(loaded: LoadedModel, given: Vote) -> float:
    """Of a completion with its end after its prompt, computed token by token."""
    ids = loaded.tokenizer.encode(given.prompt)
    joke = [*loaded.tokenizer.encode(given.completion), loaded.tokenizer.eos_token_id]
    logits = loaded.model(input_ids=torch.tensor([ids + joke])).logits[0].log_softmax(-1)
    return sum(float(logits[len(ids) + at - 1, token]) for at, token in enumerate(joke))


def margin(loaded: LoadedModel, lines: Sequence[dict[str, Any]]) -> float:
    """How much likelier liked jokes are than disliked ones, in nats a joke."""
    liked, disliked = (
        [log_probability(loaded, Vote(**line)) for line in lines if line["label"] is label]
        for label in (True, False)
    )
    return sum(liked) / len(liked) - sum(disliked) / len(disliked)
