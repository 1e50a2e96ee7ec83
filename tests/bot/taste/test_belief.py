"""The mathematics: what votes teach about a taste, next to brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.taste.belief import Belief, Evidence, Vector

WIDTH = 4


def votes(number: int, *, seed: int = 0, taste: Vector | None = None) -> Evidence:
    """Votes of somebody with a taste, each of some weight."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(number, WIDTH))
    wanted = np.array([1.5, -1.0, 0.5, 0.0]) if taste is None else taste
    liked = rng.random(number) < 1 / (1 + np.exp(-design @ wanted))
    return Evidence(design=design, liked=liked.astype(float), weights=rng.uniform(0.2, 1.0, number))


def together(one: Evidence, other: Evidence) -> Evidence:
    return Evidence(
        design=np.concatenate([one.design, other.design]),
        liked=np.concatenate([one.liked, other.liked]),
        weights=np.concatenate([one.weights, other.weights]),
    )


def prior() -> Belief:
    return Belief.ignorant(np.array([1.0, 1.0, 0.5, 0.5]))


def test_in_one_dimension_the_posterior_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(3)
    design = rng.normal(size=(60, 1))
    liked = (rng.random(60) < 1 / (1 + np.exp(-1.2 * design[:, 0]))).astype(float)
    evidence = Evidence(design=design, liked=liked, weights=np.ones(60))
    belief = Belief.ignorant(np.array([2.0])).after(evidence)
    grid = np.linspace(-6, 6, 20_001)
    logs = np.array([evidence.likelihood(np.array([value])) for value in grid]) - grid**2 / 4
    density = np.exp(logs - logs.max())
    density /= density.sum()
    mean = float(grid @ density)
    assert belief.mean[0] == pytest.approx(grid[np.argmax(density)], abs=1e-3)
    assert belief.mean[0] == pytest.approx(mean, abs=0.1)
    spread = float((grid - mean) ** 2 @ density)
    assert 1 / belief.precision[0, 0] == pytest.approx(spread, rel=0.15)


def test_in_many_dimensions_the_mean_is_where_the_posterior_is_highest() -> None:
    evidence = votes(80)
    belief = prior().after(evidence)

    def height(taste: Vector) -> float:
        return evidence.likelihood(taste) - float(taste @ prior().precision @ taste) / 2

    rng = np.random.default_rng(1)
    for size in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(50):
            assert height(belief.mean + rng.normal(0, size, WIDTH)) < height(belief.mean)


def test_the_precision_is_how_sharply_the_posterior_falls() -> None:
    evidence = votes(80)
    belief = prior().after(evidence)
    step = 1e-4

    def slope(taste: Vector) -> Vector:
        return evidence.slope(taste) - prior().precision @ taste

    for axis in range(WIDTH):
        aside = step * np.eye(WIDTH)[axis]
        column = (slope(belief.mean - aside) - slope(belief.mean + aside)) / (2 * step)
        assert column == pytest.approx(belief.precision[axis], rel=1e-4, abs=1e-4)


def test_without_votes_nothing_is_learned() -> None:
    nothing = Evidence(design=np.zeros((0, WIDTH)), liked=np.zeros(0), weights=np.zeros(0))
    belief = prior().after(nothing)
    assert belief.mean == pytest.approx(np.zeros(WIDTH))
    assert belief.precision == pytest.approx(prior().precision)


def test_a_vote_of_half_the_weight_twice_is_one_vote() -> None:
    once = votes(30)
    half = Evidence(design=once.design, liked=once.liked, weights=once.weights / 2)
    assert prior().after(together(half, half)).mean == pytest.approx(
        prior().after(once).mean, abs=1e-4
    )


def test_more_votes_make_it_surer_and_come_closer_to_the_truth() -> None:
    truth = np.array([1.5, -1.0, 0.5, 0.0])
    errors = []
    for number in (10, 100, 3000):
        belief = prior().after(votes(number, taste=truth))
        errors.append(float(np.linalg.norm(belief.mean - truth)))
        assert np.linalg.det(belief.precision) > np.linalg.det(prior().precision)
    assert errors[2] < 0.25
    assert errors[2] < errors[0]


def test_all_votes_taken_away_again_leave_what_was_believed_before() -> None:
    evidence = votes(50)
    before = prior().after(evidence).without(evidence)
    assert before.mean == pytest.approx(np.zeros(WIDTH), abs=1e-5)
    assert before.precision == pytest.approx(prior().precision, abs=1e-8)


def test_some_votes_taken_away_leave_nearly_what_the_others_teach() -> None:
    mine, others = votes(20, seed=1), votes(200, seed=2)
    left = prior().after(together(mine, others)).without(mine)
    expected = prior().after(others)
    assert left.mean == pytest.approx(expected.mean, abs=0.1)
    assert left.precision == pytest.approx(expected.precision, rel=0.15, abs=1.0)


def test_somebody_else_is_believed_to_be_alike_but_less_surely() -> None:
    belief = prior().after(votes(100))
    wider = belief.widened(np.full(WIDTH, 0.5))
    assert wider.mean == pytest.approx(belief.mean)
    spread = np.linalg.inv(wider.precision) - np.linalg.inv(belief.precision)
    assert spread == pytest.approx(0.5 * np.eye(WIDTH), abs=1e-9)


def test_scores_are_those_of_tastes_drawn_from_the_belief() -> None:
    belief = prior().after(votes(30))
    design = np.random.default_rng(5).normal(size=(3, WIDTH))
    mean, covariance = belief.scores(design)
    tastes = np.random.default_rng(6).multivariate_normal(
        belief.mean, np.linalg.inv(belief.precision), size=100_000
    )
    drawn = tastes @ design.T
    assert mean == pytest.approx(drawn.mean(0), abs=0.02)
    assert covariance == pytest.approx(np.cov(drawn.T), abs=0.03)


@settings(max_examples=60, deadline=None)
@given(
    size=st.floats(0.01, 1e4),
    likes=st.lists(st.booleans(), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
)
def test_any_votes_lead_to_a_finite_belief_that_is_surer_than_before(
    size: float, likes: list[bool], seed: int
) -> None:
    design = np.random.default_rng(seed).normal(0, size, (len(likes), WIDTH))
    evidence = Evidence(
        design=design, liked=np.array(likes, dtype=float), weights=np.ones(len(likes))
    )
    belief = prior().after(evidence)
    assert np.isfinite(belief.mean).all()
    smallest = np.linalg.eigvalsh(belief.precision - prior().precision).min()
    assert smallest >= -1e-6 * max(1.0, float(np.abs(belief.precision).max()))
