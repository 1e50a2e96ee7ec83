"""docs/scaling.md says what the simulation found, under the assumptions as they stand."""

import re
from pathlib import Path

import pytest

from tests.scaling.measured import read_measured
from tests.scaling.report import blocks, insert
from tests.scaling.results import SIZES, assumed, read_results
from tests.scaling.sizing import TARGET

DOCUMENT = Path(__file__).parents[2] / "docs" / "scaling.md"
AGAIN = "run: python -m tests.scaling --seed 1 --write"


def test_the_tables_are_those_of_the_results() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert insert(text, blocks(read_results(), read_measured())) == text, AGAIN


def test_the_results_are_those_of_the_assumptions() -> None:
    assert read_results().assumed == assumed(), AGAIN


def test_every_fleet_that_is_recommended_is_good_enough() -> None:
    points = read_results().sizes
    assert {point.communities for point in points} == set(SIZES)
    assert all(point.figures.meets(TARGET) for point in points)


def test_the_simulation_is_near_what_was_measured_of_the_whole_bot() -> None:
    # 446 jokes a minute in docs/performance.md; the model knows nothing of that figure.
    assert read_results().members["jokes_a_minute"] == pytest.approx(446, rel=0.25)


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", DOCUMENT.read_text(encoding="utf-8"))
    assert len(pictures) == 2
    for picture in pictures:
        assert (DOCUMENT.parent / picture).read_bytes().startswith(b"\x89PNG")


def test_a_block_that_is_not_there_is_not_forgotten() -> None:
    with pytest.raises(ValueError, match="0 blocks named answers"):
        insert("nothing", {"answers": "table"})
