"""What is known of a rate, and which of two is higher."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.learning.rates import Beta, chances_above, credible_interval, probability_better

parameters = st.floats(1.0, 2000.0)
rates = st.builds(Beta, parameters, parameters)


def in_closed_form(ours: Beta, theirs: Beta) -> float:
    """P(ours > theirs) for whole numbers, as a sum over our successes (Miller, 2015)."""

    def log_beta(alpha: float, beta: float) -> float:
        return math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)

    return sum(
        math.exp(
            log_beta(theirs.alpha + i, theirs.beta + ours.beta)
            - math.log(ours.beta + i)
            - log_beta(1 + i, ours.beta)
            - log_beta(theirs.alpha, theirs.beta)
        )
        for i in range(int(ours.alpha))
    )


@given(*[st.integers(1, 400)] * 4)
def test_whole_numbers_agree_with_the_closed_form(a: int, b: int, c: int, d: int) -> None:
    ours, theirs = Beta(a, b), Beta(c, d)
    assert probability_better(ours, theirs) == pytest.approx(in_closed_form(ours, theirs), abs=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Beta(12.5, 8.25), Beta(40.3, 38.7)),
        (Beta(1.3, 1.01), Beta(1.1, 9.6)),
        (Beta(640.4, 360.6), Beta(2400.2, 1600.8)),
        (Beta(1.0, 1.0), Beta(5000.5, 5000.5)),
    ],
)
def test_fractions_agree_with_drawing(ours: Beta, theirs: Beta) -> None:
    source, draws = np.random.default_rng(1), 400_000
    wins = source.beta(ours.alpha, ours.beta, draws) > source.beta(theirs.alpha, theirs.beta, draws)
    assert probability_better(ours, theirs) == pytest.approx(wins.mean(), abs=0.004)


@given(rates, rates)
def test_one_of_the_two_is_the_higher_one(ours: Beta, theirs: Beta) -> None:
    both = probability_better(ours, theirs) + probability_better(theirs, ours)
    assert both == pytest.approx(1, abs=1e-6)


@given(rates)
def test_a_rate_is_as_likely_above_as_below_an_equal_one(rate: Beta) -> None:
    assert probability_better(rate, rate) == pytest.approx(0.5, abs=1e-6)


@given(rates, rates, st.floats(0.01, 50))
def test_a_hit_never_makes_it_less_likely_to_be_higher(
    ours: Beta, theirs: Beta, hits: float
) -> None:
    before = probability_better(ours, theirs)
    assert probability_better(ours.having_seen(hits, 0), theirs) >= before - 1e-6
    assert probability_better(ours.having_seen(0, hits), theirs) <= before + 1e-6


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (Beta(1e6, 1), Beta(1, 1e6), 1.0),
        (Beta(1, 1e6), Beta(1e6, 1), 0.0),
        (Beta(1, 1), Beta(5e5, 5e5), 0.5),
        (Beta(2, 1), Beta(1, 1), 2 / 3),
    ],
)
def test_extremes_are_as_they_must_be(ours: Beta, theirs: Beta, expected: float) -> None:
    assert probability_better(ours, theirs) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("bound", [0.0, 0.1, 0.7, 1.0])
def test_nothing_known_is_above_a_bound_as_often_as_there_is_room_above_it(bound: float) -> None:
    assert chances_above(np.array([[1.0, 1.0]]), bound)[0] == pytest.approx(1 - bound)


def test_without_votes_the_share_may_be_anything() -> None:
    assert credible_interval(0, 0) == (0.0, 1.0)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_the_interval_leaves_as_much_below_as_above(up: int, down: int) -> None:
    low, high = credible_interval(up, down)
    assert 0 <= low < high <= 1
    if up + down:
        rate = np.array([[1.0 + up, 1.0 + down]])
        assert chances_above(rate, low)[0] == pytest.approx(0.975, abs=1e-6)
        assert chances_above(rate, high)[0] == pytest.approx(0.025, abs=1e-6)


@given(st.integers(1, 500), st.integers(1, 500))
def test_more_of_the_same_votes_narrow_the_interval(up: int, down: int) -> None:
    low, high = credible_interval(up, down)
    lower, higher = credible_interval(4 * up, 4 * down)
    assert higher - lower < high - low
