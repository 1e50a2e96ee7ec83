"""How a joke becomes a few numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.taste.basis import Basis, unpacked
from tests.bot.taste.material import FEATURES, basis, features_of, packed


def sample(number: int = 400, width: int = 40) -> list[bytes]:
    """Features with large and small directions, and no two alike in size."""
    rng = np.random.default_rng(0)
    return [packed(5 + rng.normal(size=width) * np.linspace(3, 0.1, width)) for _ in range(number)]


def test_the_largest_directions_are_kept_and_count_the_same() -> None:
    made = Basis.of(sample())
    assert made.width == 24 + 3
    places = np.array([made.place("One two.", each) for each in sample()])[:, :24]
    covariance = np.cov(places.T) * 24
    assert covariance == pytest.approx(np.eye(24), abs=0.1)
    assert places.mean(0) == pytest.approx(np.zeros(24), abs=0.05)


def test_jokes_that_are_alike_are_near_and_others_far() -> None:
    made = basis()
    numbers = unpacked(features_of("A cat.")).astype(float)
    cat, another, other = (
        made.place("A joke.", packed(changed)) for changed in (numbers, numbers + 0.05, -numbers)
    )
    assert cat is not None
    assert another is not None
    assert other is not None
    assert np.linalg.norm(cat - another) < np.linalg.norm(cat - other) / 2


def test_its_form_is_part_of_what_a_joke_is_like() -> None:
    made, features = basis(), features_of("x")
    asks, says = made.place("Why so?", features), made.place("So what.", features)
    long = made.place("word " * 40, features)
    assert asks is not None
    assert says is not None
    assert long is not None
    assert list(asks[:-2] - says[:-2]) == [0.0] * len(asks[:-2])
    assert (asks[-2], says[-2]) == (0.6, -0.6)
    assert long[-3] > says[-3]
    assert asks[-1] == says[-1] == 1.0


def test_a_basis_is_read_as_it_was_written() -> None:
    made = basis()
    read = Basis.from_bytes(made.to_bytes())
    assert np.array_equal(read.center, made.center)
    assert np.array_equal(read.axes, made.axes)


def test_few_jokes_make_a_small_basis_and_one_makes_none() -> None:
    made = Basis.of(sample(number=3))
    assert len(made.axes) == 2
    with pytest.raises(ValueError, match="two jokes"):
        Basis.of(sample(number=1))


def test_features_of_another_model_have_no_place() -> None:
    made = basis()
    assert made.place("A cat.", None) is None
    assert made.place("A cat.", b"") is None
    assert made.place("A cat.", packed(np.zeros(FEATURES + 1))) is None


@given(st.lists(st.floats(-65504, 65504), min_size=FEATURES, max_size=FEATURES), st.text())
def test_every_joke_has_a_place_that_is_not_too_far_off(numbers: list[float], text: str) -> None:
    place = basis().place(text, packed(np.array(numbers)))
    assert place is not None
    assert np.isfinite(place).all()
    assert np.linalg.norm(place[:-3]) <= 4.0 + 1e-6
    assert np.abs(place[-3:]).max() <= 2.4


@given(st.binary(max_size=40))
def test_what_is_no_basis_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a basis"):
        Basis.from_bytes(content)


def test_features_are_little_endian_half_precision() -> None:
    assert list(unpacked(b"\x00\x3c\x00\xc0")) == [1.0, -2.0]
