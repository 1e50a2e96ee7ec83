"""Few shapes, and always one that is large enough."""

import pytest

from bot.generation.graphs.shapes import Kind, Shape, Shapes


def test_whatever_is_needed_is_rounded_up_to_a_shape_that_is_recorded() -> None:
    shapes = Shapes(slots=24, longest=300)
    recorded = set(shapes)

    for rows in range(1, 25):
        for length in range(1, 301):
            shape = shapes.decoding(rows, length=length)
            assert shape in recorded
            assert shape.rows >= rows
            assert shape.extent >= length
        assert shapes.sorting(rows) in recorded
        for width in range(1, shapes.widths[-1] + 1):
            shape = shapes.reading(rows, width=width)
            assert shape in recorded
            assert shape.rows >= rows
            assert shape.extent >= width


@pytest.mark.parametrize(("slots", "longest"), [(1, 20), (4, 63), (32, 255), (128, 1024)])
def test_there_are_few_shapes_and_none_twice(slots: int, longest: int) -> None:
    shapes = list(Shapes(slots=slots, longest=longest))

    assert len(shapes) == len(set(shapes)) < 100
    assert max(shape.rows for shape in shapes) == slots


def test_the_last_position_is_behind_every_text() -> None:
    for longest in (1, 63, 64, 255, 256, 1000):
        assert Shapes(slots=2, longest=longest).capacity > longest


def test_a_lone_joke_is_decoded_in_the_smallest_shape() -> None:
    shape = Shapes(slots=32, longest=255).decoding(1, length=40)

    assert shape == Shape(kind=Kind.DECODE, rows=1, extent=64)
