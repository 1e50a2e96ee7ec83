"""Held-out votes are read once a joke, and scored as the model reads them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.gate.voted import VotedJokes, read_held_out, voted_jokes
from finetune.models import LoadedModel, load_model
from finetune.retraining.votes import Vote, VotesError
from tests.finetune.gate.material import CPU
from tests.tiny import tiny_jokes

TOPIC = Vote(prompt="TOPIC: cat\nJOKE:", completion=f" {tiny_jokes()[0]}", label=True, weight=2.0)
AGAINST = Vote(prompt="TOPIC: cat\nJOKE:", completion=TOPIC.completion, label=False, weight=0.5)
OPENED = Vote(prompt="JOKE: Why did the dog", completion=" bring a ladder?", label=False)


@pytest.fixture(scope="module")
def loaded(tiny_version: Path) -> LoadedModel:
    return load_model(tiny_version, name="tiny", device=CPU, dtype=torch.float32)


def jokes_of(loaded: LoadedModel, *votes: Vote, most: int = 100) -> VotedJokes:
    return voted_jokes(
        votes, tokenizer=loaded.tokenizer, template=loaded.template, most=most, seed=0
    )


def test_votes_on_the_same_joke_are_one_joke(loaded: LoadedModel) -> None:
    jokes = jokes_of(loaded, TOPIC, AGAINST, OPENED)
    assert sorted(zip(jokes.liked, jokes.disliked, strict=True)) == [(0.0, 1.0), (2.0, 0.5)]
    assert jokes.votes == 3


def test_no_more_jokes_than_asked_for_and_always_the_same(loaded: LoadedModel) -> None:
    votes = [Vote(prompt="JOKE:", completion=f" {text}", label=True) for text in tiny_jokes()]
    some = jokes_of(loaded, *votes, most=5)
    assert len(some.rows) == some.votes == 5
    assert some.rows == jokes_of(loaded, *votes, most=5).rows


@torch.no_grad()
def mean_log_probability(loaded: LoadedModel, given: Vote) -> float:
    """Token by token, without batches or padding."""
    ids = loaded.tokenizer.encode(given.prompt)
    joke = [*loaded.tokenizer.encode(given.completion), loaded.tokenizer.eos_token_id]
    logits = loaded.model(input_ids=torch.tensor([ids + joke])).logits[0].log_softmax(-1)
    return sum(float(logits[len(ids) + at - 1, token]) for at, token in enumerate(joke)) / len(joke)


def test_a_score_is_the_mean_log_probability_of_a_token(loaded: LoadedModel) -> None:
    votes = [
        TOPIC,
        *(Vote(prompt="JOKE:", completion=f" {text}", label=True) for text in tiny_jokes()),
    ]
    heard: list[tuple[str, int, int]] = []

    def listen(stage: str, step: int, of: int) -> None:
        heard.append((stage, step, of))

    scores = jokes_of(loaded, *votes).scores(loaded, listen)
    expected = [mean_log_probability(loaded, each) for each in votes]
    assert sorted(scores) == pytest.approx(sorted(expected), abs=1e-4)
    assert heard[-1] == ("tiny: held-out votes", len(votes), len(votes))


def test_no_jokes_have_no_scores(loaded: LoadedModel) -> None:
    scores = jokes_of(loaded).scores(loaded, lambda stage, step, of: None)
    assert len(scores) == 0


def test_an_empty_file_holds_no_votes_and_another_some(tmp_path: Path) -> None:
    path = tmp_path / "held-out.jsonl"
    path.write_text("\n")
    assert read_held_out(path) == ()
    line: dict[str, Any] = {"prompt": "JOKE:", "completion": " Ha.", "label": True}
    path.write_text(json.dumps(line) + "\n")
    assert len(read_held_out(path)) == 1


@pytest.mark.parametrize("content", [b"{}\n", b"nothing\n", b"\xff"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "held-out.jsonl"
    path.write_bytes(content)
    with pytest.raises(VotesError, match="Line 1"):
        read_held_out(path)
    with pytest.raises(VotesError, match="cannot be read"):
        read_held_out(tmp_path / "none.jsonl")
