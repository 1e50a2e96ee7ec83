"""Several workers read together the votes and the replayed jokes that one would read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from finetune.retraining.datasets import MISMATCHED, VotesCollator
from finetune.training.examples import Example
from finetune.training.group import WorkerGroup
from finetune.training.packing import IGNORED, alone

_PAD = 0


def row(number: int) -> dict[str, list[int]]:
    return alone(Example(prompt=[1], joke=list(range(10 * number + 2, 10 * number + 5))))


def vote(number: int) -> dict[str, Any]:
    return {
        "number": number,
        **row(number),
        **{f"{MISMATCHED}{name}": column for name, column in row(number + 20).items()},
        "liked": number % 2 == 0,
        "weight": 1.0 + number,
        "reference": -float(number),
        f"{MISMATCHED}reference": -2.0 * number,
    }


def batches(rows: Sequence[Any], *, size: int) -> list[dict[str, Any]]:
    collator = VotesCollator(
        replay=[row(number) for number in range(40, 50)], share=0.5, pad_id=_PAD, seed=3
    )
    return [
        replace(collator, group=WorkerGroup(rank=rank, size=size))(rows) for rank in range(size)
    ]


def jokes(batch: dict[str, Any]) -> list[tuple[int, ...]]:
    """Votes first, as token ids that count."""
    labels = [tuple(int(each) for each in row if each != IGNORED) for row in batch["labels"]]
    return [each for each in labels if each]


@pytest.mark.parametrize("votes", [6, 5, 1])
@pytest.mark.parametrize("size", [2, 4])
def test_all_parts_are_the_whole(votes: int, size: int) -> None:
    rows = [vote(number) for number in range(votes)]
    (whole,) = batches(rows, size=1)
    parts = batches(rows, size=size)
    for name in ("weight", "liked", "reference", f"{MISMATCHED}reference"):
        assert [x for part in parts for x in part[name].tolist()] == whole[name].tolist()
    told = [joke for part in parts for joke in jokes(part)]
    assert sorted(told) == sorted(jokes(whole))
    for name in ("votes", "vote_tokens", "replayed_tokens"):
        assert {int(part[name]) for part in parts} == {int(whole[name])}


def test_a_worker_without_votes_still_has_something_to_compute() -> None:
    last = batches([vote(0)], size=4)[0]
    assert last["weight"].shape == last["liked"].shape == (0,)
    assert last["input_ids"].tolist() == [[_PAD, _PAD]]
    assert jokes(last) == []
