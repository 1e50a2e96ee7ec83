"""A taste is the likeliest one given the votes, and sees through those that were mistaken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from finetune.retraining.taste import Taste

_VOTES = 400
_WIDTH = 20


def crowd(
    seed: int, *, mistaken: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[bool]]:
    """Features, what the crowd likes by the sum of the first three of them, and its votes."""
    chance = np.random.default_rng(seed)
    features = chance.normal(loc=3, scale=2, size=(_VOTES, _WIDTH))
    liked = features[:, :3].sum(axis=1) > 9
    votes = liked ^ (chance.random(_VOTES) < mistaken)
    return features, liked, votes.tolist()


def test_it_knows_more_than_the_votes_it_was_fitted_to() -> None:
    features, liked, votes = crowd(1, mistaken=0.3)
    taste = Taste.fit(features, liked=votes, weights=[1.0] * _VOTES, caution=100)
    believed = taste.chances(features) > 0.5
    assert (believed == liked).mean() > (np.array(votes) == liked).mean() + 0.05


def test_it_judges_jokes_that_nobody_voted_on() -> None:
    features, _, votes = crowd(1, mistaken=0.15)
    taste = Taste.fit(features, liked=votes, weights=[1.0] * _VOTES, caution=100)
    others, liked, _ = crowd(2, mistaken=0)
    assert ((taste.chances(others) > 0.5) == liked).mean() > 0.8


def test_the_slopes_are_where_the_posterior_is_highest() -> None:
    features, _, votes = crowd(3, mistaken=0.15)
    weights = np.linspace(0.2, 2, _VOTES)
    taste = Taste.fit(features, liked=votes, weights=weights.tolist(), caution=20)
    scaled = (features - taste.means) / taste.spreads
    surprise = weights * (np.array(votes) - taste.chances(features))
    assert scaled.T @ surprise == pytest.approx(20 * taste.slopes, abs=1e-3)
    assert surprise.sum() == pytest.approx(0, abs=1e-3)


def test_a_vote_of_weight_two_is_two_votes() -> None:
    features, _, votes = crowd(4, mistaken=0.15)
    heavy = Taste.fit(features, liked=votes, weights=[2.0] * _VOTES, caution=20)
    light = Taste.fit(features, liked=votes, weights=[1.0] * _VOTES, caution=10)
    assert heavy.chances(features) == pytest.approx(light.chances(features), abs=1e-6)


def test_a_heavy_minority_is_followed_and_a_light_majority_is_not() -> None:
    features, liked, _ = crowd(5, mistaken=0)
    turned = np.random.default_rng(5).random(_VOTES) < 0.6
    votes = liked ^ turned
    weights = np.where(turned, 0.3, 1.5)
    taste = Taste.fit(features, liked=votes.tolist(), weights=weights.tolist(), caution=100)
    assert ((taste.chances(features) > 0.5) == liked).mean() > 0.8


def test_features_that_never_change_say_nothing() -> None:
    features, _, votes = crowd(6, mistaken=0.15)
    constant = np.hstack([features, np.full((_VOTES, 2), 7.0)])
    with_constant = Taste.fit(constant, liked=votes, weights=[1.0] * _VOTES, caution=20)
    without = Taste.fit(features, liked=votes, weights=[1.0] * _VOTES, caution=20)
    assert with_constant.chances(constant) == pytest.approx(without.chances(features), abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1), caution=st.floats(1, 1e5), votes=st.integers(2, 12))
def test_chances_are_chances_whatever_was_voted(seed: int, caution: float, votes: int) -> None:
    chance = np.random.default_rng(seed)
    features = chance.normal(scale=chance.random() * 100, size=(votes, 5))
    liked = [True, False, *(chance.random(votes - 2) < 0.5).tolist()]
    taste = Taste.fit(
        features, liked=liked, weights=(chance.random(votes) + 0.01).tolist(), caution=caution
    )
    found = taste.chances(features)
    assert np.all((found >= 0) & (found <= 1))
