"""Readers' ratings as votes."""

import json
from pathlib import Path

import pytest

from finetune.moderation import Moderator
from finetune.retraining.votes import Vote, read_votes
from tests.campaigns.crowds.ratings import chosen_votes, read_ratings, split_votes, write_votes

_JOKE = "My clock applied for a holiday, but there was never time"


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    return Moderator.load()


def _votes(count: int) -> list[Vote]:
    rated = [
        (f"{_JOKE} for number {number}.", 5.0 if number % 3 else 1.0) for number in range(count)
    ]
    return chosen_votes(rated, moderator=Moderator.load())


def test_ratings_are_read_from_a_list_of_objects(tmp_path: Path) -> None:
    file = tmp_path / "ratings.json"
    file.write_text(json.dumps([{"id": 7, "body": _JOKE, "rating": 4, "category": "x"}]))

    assert read_ratings(file) == [(_JOKE, 4.0)]


@pytest.mark.parametrize("content", ["[3]", '[{"body": "no rating"}]', "{}3", "7"])
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ratings.json"
    file.write_text(content)

    with pytest.raises(ValueError, match=r"ratings\.json|Extra data"):
        read_ratings(file)


@pytest.mark.parametrize(
    ("rating", "labels"),
    [
        (5.0, [True]),
        (4.0, [True]),
        (3.9, []),
        (2.1, []),
        (2.0, [False]),
        (1.0, [False]),
        (0.0, []),
    ],
)
def test_clear_ratings_are_votes(moderator: Moderator, rating: float, labels: list[bool]) -> None:
    votes = chosen_votes([(_JOKE + ".", rating)], moderator=moderator)

    assert [vote.label for vote in votes] == labels


def test_long_jokes_and_repeated_ones_are_left_out(moderator: Moderator) -> None:
    long = " ".join(["clock"] * 61) + "."

    votes = chosen_votes(
        [(_JOKE + ".", 5.0), (_JOKE.upper() + "!", 1.0), (long, 5.0)], moderator=moderator
    )

    assert [vote.completion for vote in votes] == [f" {_JOKE}."]


def test_what_judges_is_never_learned_from() -> None:
    votes = _votes(200)
    split = split_votes(votes, held_out=0.3, most=1000, seed=1)

    assert {vote.completion for vote in split.train}.isdisjoint(
        vote.completion for vote in split.held_out
    )
    assert len(split.train) + len(split.held_out) == len(votes)
    assert 0.2 < len(split.held_out) / len(votes) < 0.4


def test_the_same_votes_are_drawn_for_the_same_seed() -> None:
    votes = _votes(100)
    first, again, other = (
        split_votes(votes, held_out=0.3, most=20, seed=seed) for seed in (1, 1, 2)
    )

    assert first == again != other
    assert len(first.train) == 20
    assert first.held_out == other.held_out


def test_the_file_is_one_that_a_retrain_reads(tmp_path: Path) -> None:
    votes = _votes(10)
    write_votes(tmp_path / "votes.jsonl", votes)

    assert list(read_votes(tmp_path / "votes.jsonl").votes) == votes
