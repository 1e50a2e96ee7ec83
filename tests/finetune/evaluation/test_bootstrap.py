"""Intervals are as wide as theory says, repeat with the seed, and admit what cannot be known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.evaluation.bootstrap import (
    Figure,
    half_sampled_figure,
    mean_figure,
    quantile_figure,
    ratio_figure,
    share_figure,
)

NORMAL = np.random.default_rng(5).normal(10, 2, size=400).tolist()


def width(figure: Figure) -> float:
    return figure.high - figure.low


def test_the_interval_of_a_mean_is_as_wide_as_the_normal_one() -> None:
    figure = mean_figure(NORMAL, seed=0)
    assert figure.value == pytest.approx(np.mean(NORMAL))
    assert width(figure) == pytest.approx(2 * 1.96 * np.std(NORMAL) / 20, rel=0.1)


def test_half_samples_spread_like_whole_samples() -> None:
    values = np.array(NORMAL)
    halves = half_sampled_figure(len(values), lambda places: float(values[places].mean()), seed=0)
    whole = mean_figure(NORMAL, seed=0)
    assert halves.value == pytest.approx(whole.value)
    assert width(halves) == pytest.approx(width(whole), rel=0.1)


def test_a_ratio_keeps_its_pairs_together() -> None:
    above = [3 * value for value in NORMAL]
    figure = ratio_figure(above, NORMAL, seed=0)
    assert (figure.value, figure.low, figure.high) == pytest.approx((3, 3, 3))


def test_a_ratio_weighs_long_jokes_more() -> None:
    assert ratio_figure([1, 9], [1, 3], seed=0).value == 10 / 4


def test_a_median_is_framed_by_values_around_it() -> None:
    figure = quantile_figure(NORMAL, 0.5, seed=0)
    assert figure.value == pytest.approx(np.median(NORMAL))
    assert figure.low < figure.value < figure.high
    assert width(figure) < 1


@pytest.mark.parametrize(("flag", "low", "high"), [(False, 0, 0.003), (True, 0.997, 1)])
def test_a_thousand_equal_flags_do_not_prove_that_all_are_equal(
    flag: bool, low: float, high: float
) -> None:
    figure = share_figure([flag] * 1000, seed=0)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-4)


def test_the_seed_decides_the_interval() -> None:
    assert mean_figure(NORMAL, seed=1) == mean_figure(NORMAL, seed=1)
    assert mean_figure(NORMAL, seed=1) != mean_figure(NORMAL, seed=2)


def test_a_figure_is_kept_as_three_numbers() -> None:
    assert Figure(1.0, 0.5, 2.0).to_json() == {"value": 1.0, "low": 0.5, "high": 2.0}


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_share_lies_inside_its_interval_and_the_interval_between_0_and_1(
    flags: list[bool],
) -> None:
    figure = share_figure(flags, seed=0)
    assert 0 <= figure.low <= figure.value <= figure.high <= 1
