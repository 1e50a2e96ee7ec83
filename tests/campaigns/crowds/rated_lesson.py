"""A version learns from readers' ratings; does it rank the ratings it has not seen?"""

import csv
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bot.generation.features import HiddenState, JokeReader
from bot.taste.basis import Basis, unpacked
from bot.taste.belief import Evidence
from bot.taste.heads import Heard, everyone_belief
from finetune.artifacts import read_manifest
from finetune.gate.ranking import weighted_auc
from finetune.gate.voted import VotedJokes, voted_jokes
from finetune.models import LoadedModel, choose_device, choose_dtype
from finetune.retraining.examples import vote_examples
from finetune.retraining.votes import Vote
from finetune.shipped import SHIPPED, demo_jokes
from finetune.template import plain_prompt
from finetune.versions import open_version
from tests.campaigns.crowds.figures import RatedLesson
from tests.campaigns.crowds.ratings import RatedVotes, write_votes

__all__ = ["rated_lesson"]

_SEED = 1
_BATCH = 16
_LONGEST = 512
_REGULARISED = 0.01
_HELD_OUT_OF_FEW = 0.15

_Floats = NDArray[np.float64]


def rated_lesson(
    rated: RatedVotes, *, directory: Path, corpus: Path | None, recipe: str, cache: Path
) -> RatedLesson:
    """Retrain the shipped version in a new directory, and ask both about the held-out jokes.

    Raises `subprocess.CalledProcessError` when that fails.
    """
    votes, made = directory / "votes.jsonl", directory / "rated"
    write_votes(votes, rated.train)
    prepared = corpus or _prepared(directory / "corpus")
    parent = _opened(SHIPPED, cache)
    judged = _judged(parent, rated.held_out)
    before = judged.scores(parent, _silence)
    eyes = _Eyes(parent)
    learned_from, judged_by = eyes.features(rated.train), eyes.features(rated.held_out)
    basis = Basis.of(eyes.features(_sample()))
    del parent, eyes
    began = time.monotonic()
    _finetune(
        *("retrain", "--votes", votes, "--parent", SHIPPED, "--data", prepared, "--out", made),
        *("--recipe", recipe, "--cache", cache),
    )
    minutes = (time.monotonic() - began) / 60
    child = _opened(str(made), cache)
    after = _judged(child, rated.held_out).scores(child, _silence)
    by_taste = _by_taste(basis, rated, learned_from, judged_by)
    by_regression = _by_regression(rated, learned_from, judged_by)
    liked = np.array([vote.label for vote in rated.held_out], dtype=float)
    return RatedLesson(
        learned_from=_counts(rated.train),
        judged_by=_counts(rated.held_out),
        minutes=minutes,
        before=weighted_auc(before, judged.liked, judged.disliked, seed=_SEED),
        after=weighted_auc(after, judged.liked, judged.disliked, seed=_SEED),
        learned=weighted_auc(after - before, judged.liked, judged.disliked, seed=_SEED),
        taste=weighted_auc(by_taste, liked, 1 - liked, seed=_SEED),
        logistic=weighted_auc(by_regression, liked, 1 - liked, seed=_SEED),
        metrics=dict(read_manifest(made).metrics),
    )


class _Eyes:
    """What a version makes of jokes, as its worker tells it to the taste model."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._reader = JokeReader(
            model=loaded.model, hidden=HiddenState(loaded.model), limit=_LONGEST
        )

    def features(self, votes: Sequence[Vote]) -> list[bytes]:
        """One for each vote."""
        examples = vote_examples(
            votes,
            tokenizer=self._loaded.tokenizer,
            template=self._loaded.template,
            length=_LONGEST,
        )
        # The end of the text is no part of what a worker reads.
        jokes = [(each.example.prompt, each.example.joke[:-1]) for each in examples]
        batches = [jokes[start : start + _BATCH] for start in range(0, len(jokes), _BATCH)]
        return [each or b"" for batch in batches for each in self._reader.read(batch)]


def _by_taste(
    basis: Basis, rated: RatedVotes, train: Sequence[bytes], held_out: Sequence[bytes]
) -> _Floats:
    """The scores [votes] of everyone's head, after the votes to learn from."""
    design, judged = (
        np.array(
            [basis.place(vote.completion, each) for vote, each in zip(votes, seen, strict=True)]
        )
        for votes, seen in ((rated.train, train), (rated.held_out, held_out))
    )
    liked = np.array([float(vote.label) for vote in rated.train])
    evidence = Evidence(design=design, liked=liked, weights=np.ones(len(liked)))
    belief = everyone_belief(Heard(votes=(), evidence=evidence), width=basis.width)
    return np.asarray(judged @ belief.mean)


def _by_regression(rated: RatedVotes, train: Sequence[bytes], held_out: Sequence[bytes]) -> _Floats:
    """The scores [votes] of a logistic regression on all features, each of variance one."""
    scaler, model = StandardScaler(), LogisticRegression(C=_REGULARISED, max_iter=1000)
    design = scaler.fit_transform(np.stack([unpacked(each) for each in train]))
    model.fit(design, [vote.label for vote in rated.train])
    judged = scaler.transform(np.stack([unpacked(each) for each in held_out]))
    return np.asarray(model.decision_function(judged))


def _judged(loaded: LoadedModel, votes: Sequence[Vote]) -> VotedJokes:
    return voted_jokes(
        votes, tokenizer=loaded.tokenizer, template=loaded.template, most=len(votes), seed=_SEED
    )


def _sample() -> list[Vote]:
    """The jokes in whose differences the bot looks at all jokes, as if they were voted on."""
    prompt = plain_prompt(topic=None, opening=None)
    with demo_jokes().open(encoding="utf-8", newline="") as stream:
        return [
            Vote(prompt=prompt, completion=f" {row['Joke']}", label=True)
            for row in csv.DictReader(stream)
        ]


def _counts(votes: Sequence[Vote]) -> dict[str, int]:
    liked = sum(vote.label for vote in votes)
    return {"liked": liked, "disliked": len(votes) - liked}


def _prepared(out: Path) -> Path:
    _finetune("prepare", demo_jokes(), "--out", out, "--held-out", _HELD_OUT_OF_FEW)
    return out


def _finetune(*arguments: object) -> None:
    command = (sys.executable, "-m", "finetune", *map(str, arguments), "--progress", "json")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _opened(name: str, cache: Path) -> LoadedModel:
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    return open_version(name, cache=cache, device=device, dtype=dtype, progress=_silence)


def _silence(_stage: str, _step: int, _of: int) -> None:
    """Nobody waits for each step."""
