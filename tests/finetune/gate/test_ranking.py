"""The AUC is the share of pairs ranked rightly, and few votes prove nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.gate.ranking import weighted_auc

WEIGHTS = st.integers(0, 3).map(float)
JOKES = st.lists(st.tuples(st.integers(-3, 3), WEIGHTS, WEIGHTS), min_size=1, max_size=12)


def auc(scores: Sequence[float], liked: Sequence[float], disliked: Sequence[float]) -> Any:
    arrays = (np.array(each, dtype=float) for each in (scores, liked, disliked))
    return weighted_auc(*arrays, seed=0)


def half(scores: Sequence[float], *, liked: int) -> Any:
    """The first jokes liked, the others disliked."""
    flags = [float(place < liked) for place in range(len(scores))]
    return auc(scores, flags, [1 - flag for flag in flags])


@given(JOKES)
def test_it_counts_pairs(jokes: list[tuple[int, float, float]]) -> None:
    scores, liked, disliked = zip(*jokes, strict=True)
    found = auc(scores, liked, disliked)
    pairs = [
        (up * down, (mine > other) + (mine == other) / 2)
        for mine, up, _ in jokes
        for other, _, down in jokes
    ]
    weight = sum(each for each, _ in pairs)
    if not weight:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(sum(each * won for each, won in pairs) / weight)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(JOKES)
def test_only_the_order_of_scores_counts(jokes: list[tuple[int, float, float]]) -> None:
    scores, liked, disliked = zip(*jokes, strict=True)
    stretched = [score**3 + 10 * score for score in scores]
    assert auc(scores, liked, disliked) == auc(stretched, liked, disliked)


def test_a_score_that_knows_gets_everything_right() -> None:
    found = half(range(60, 0, -1), liked=30)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low > 0.8


def test_a_score_that_knows_the_opposite_is_surely_below_chance() -> None:
    found = half(range(60), liked=30)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high < 0.2


@pytest.mark.parametrize("liked", [1, 2])
def test_a_handful_of_votes_does_not_prove_that_a_score_is_wrong(liked: int) -> None:
    found = half(range(4), liked=liked)
    assert found.value == 0.0
    assert found.high > 0.5


def test_equal_scores_are_chance_and_say_how_wide_chance_is() -> None:
    found = half([0.0] * 40, liked=20)
    assert found.value == 0.5
    assert found.low == pytest.approx(1 - found.high)
    assert 0.6 < found.high < 0.75


def test_many_votes_on_one_joke_are_not_many_jokes() -> None:
    one = auc([0, 1, 2, 3], [100, 1, 0, 0], [0, 0, 100, 1])
    assert one.value < 0.1
    assert one.high > 0.5


def test_scores_by_chance_are_seldom_called_wrong() -> None:
    random = np.random.default_rng(1)
    wrong = [half(random.normal(size=30), liked=15).high < 0.5 for _ in range(200)]
    assert sum(wrong) <= 12


def test_votes_of_one_kind_rank_nothing() -> None:
    assert half([1, 2, 3], liked=3) is None
    assert auc([], [], []) is None
