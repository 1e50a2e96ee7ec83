"""A step reads as many sequences as ever, however many workers share it."""

from pathlib import Path
from typing import Any

import pytest

from finetune.recipes.recipe import Recipe, RetrainingRecipe, read_recipe
from finetune.training.division import Division
from finetune.training.failures import TrainingError
from finetune.training.group import WorkerGroup
from tests.finetune.training.material import small_recipe


def recipe(**changes: Any) -> Recipe:
    return small_recipe(Path("base"), **changes)


@pytest.mark.parametrize(
    ("sequences", "accumulation", "workers", "part"),
    [
        (16, 1, 1, (16, 1)),
        (16, 1, 4, (4, 1)),
        (1, 16, 4, (1, 4)),  # what fits into the memory of one device stays as it is
        (4, 4, 4, (4, 1)),
        (6, 4, 3, (2, 4)),
    ],
)
def test_each_worker_has_an_even_part(
    sequences: int, accumulation: int, workers: int, part: tuple[int, int]
) -> None:
    division = Division.of(recipe(sequences=sequences, accumulation=accumulation), workers=workers)
    assert (division.sequences, division.accumulation) == part
    assert division.sequences * division.accumulation * workers == sequences * accumulation


def test_what_cannot_be_divided_is_refused_with_what_to_do() -> None:
    with pytest.raises(TrainingError) as refused:
        Division.of(recipe(sequences=4, accumulation=2), workers=3)
    assert str(refused.value) == (
        "A step of 4 sequences × 2 accumulation cannot be divided evenly among 3 workers; start as "
        "many as divide it, or set recipe.sequences or accumulation to a multiple of 3."
    )


def test_votes_are_divided_among_those_that_read_them_at_the_same_time() -> None:
    kto = read_recipe("kto", ["accumulation=2"])
    assert isinstance(kto, RetrainingRecipe)
    assert Division.of(kto, workers=2) == Division(sequences=8, accumulation=2)
    with pytest.raises(TrainingError, match=r"set recipe.sequences to a multiple of 3\."):
        Division.of(kto.model_copy(update={"accumulation": 3}), workers=3)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [0, 1, 4, 7])
def test_the_shares_of_all_workers_are_all_rows_in_their_order(size: int, rows: int) -> None:
    shares = [WorkerGroup(rank=rank, size=size).share(range(rows)) for rank in range(size)]
    assert [row for share in shares for row in share] == list(range(rows))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
