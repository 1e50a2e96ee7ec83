"""A votes file is read strictly, and what is none is refused in one sentence."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.retraining.votes import Vote, VotesError, balanced_weights, read_votes

LINE = {
    "prompt": "JOKE:",
    "completion": " A cat.",
    "label": True,
    "weight": 0.5,
    "joke_id": "j-1",
    "model_version": "starter",
    "told_at": "2026-01-02T03:04:05+00:00",
}


def refusal(path: Path) -> str:
    with pytest.raises(VotesError) as refused:
        read_votes(path)
    sentence = str(refused.value)
    assert len(sentence.splitlines()) == 1
    assert str(path) in sentence
    return sentence


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a votes file goes."""
    return tmp_path / "votes.jsonl"


def test_votes_are_read_with_their_fingerprint_and_counts(path: Path) -> None:
    lines = [LINE, {**LINE, "label": False, "weight": 2}, {**LINE, "weight": 0}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    votes = read_votes(path)
    assert votes.votes == (Vote(**LINE), Vote(**{**LINE, "label": False, "weight": 2.0}))
    assert votes.summary() == {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "liked": {"jokes": 1, "weight": 0.5},
        "disliked": {"jokes": 1, "weight": 2.0},
    }


def test_a_file_with_the_three_fields_that_trl_knows_is_enough(path: Path) -> None:
    path.write_text('{"prompt": "JOKE:", "completion": " A cat.", "label": false}')
    assert read_votes(path).votes == (Vote(prompt="JOKE:", completion=" A cat.", label=False),)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weight": -1}, "weight: "),
        ({"weight": float("nan")}, "weight: "),
        ({"weight": float("inf")}, "weight: "),
        ({"weight": 1e30}, "weight: "),
        ({"weight": "1"}, "weight: "),
        ({"weight": True}, "weight: "),
        ({"label": 0}, "label: "),
        ({"label": None}, "label: "),
        ({"completion": "  "}, "completion: "),
        ({"prompt": 3}, "prompt: "),
        ({"rating": 5}, "rating: "),
    ],
)
def test_a_line_that_is_no_vote_is_named_with_the_reason(
    path: Path, change: dict[str, Any], says: str
) -> None:
    path.write_text(f"{json.dumps(LINE)}\n{json.dumps({**LINE, **change})}\n")
    sentence = refusal(path)
    assert sentence.startswith(f"Line 2 of {path} is no vote: {says}")


@pytest.mark.parametrize("broken", [b"{", b"", b"[]", b"\xff\xfe", b'"' + b"[" * 9999, b"null"])
def test_a_line_that_is_no_object_is_named(path: Path, broken: bytes) -> None:
    line = json.dumps(LINE).encode()
    path.write_bytes(b"\n".join([line, line, broken, line]))
    assert refusal(path).startswith(f"Line 3 of {path} is no vote: ")


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\n", json.dumps({**LINE, "weight": 0})])
def test_a_file_without_votes_says_so(path: Path, content: bytes | str) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert refusal(path) == f"{path} holds no votes."


def test_a_file_that_is_not_there_is_a_sentence(path: Path) -> None:
    assert "No such file" in refusal(path)


def test_too_few_of_either_kind_are_counted(path: Path) -> None:
    path.write_text(f"{json.dumps(LINE)}\n" * 7)
    votes = read_votes(path)
    votes.require(liked=7, disliked=0)
    with pytest.raises(VotesError) as refused:
        votes.require(liked=10, disliked=10)
    assert str(refused.value) == (
        f"{path} has too few votes: 3 more liked (it has 7 of 10) and "
        "10 more disliked (it has 0 of 10) are missing."
    )


@given(content=st.binary(max_size=200))
def test_any_bytes_are_votes_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "votes.jsonl"
    path.write_bytes(content)
    with suppress(VotesError):
        assert read_votes(path).votes


WEIGHTS = st.lists(st.tuples(st.booleans(), st.floats(1e-3, 1e3)), min_size=1, max_size=30)


@given(given_weights=WEIGHTS, balance=st.floats(0.2, 4))
def test_all_liked_jokes_weigh_what_the_balance_says_against_all_disliked_ones(
    given_weights: list[tuple[bool, float]], balance: float
) -> None:
    votes = [
        Vote(prompt="JOKE:", completion=" A cat.", label=label, weight=weight)
        for label, weight in given_weights
    ]
    weights = balanced_weights(votes, balance=balance)
    assert sum(weights) == pytest.approx(len(votes))
    mass = {
        kind: sum(weight for weight, vote in zip(weights, votes, strict=True) if vote.label is kind)
        for kind in (True, False)
    }
    if all(mass.values()):
        assert mass[True] == pytest.approx(balance * mass[False])
