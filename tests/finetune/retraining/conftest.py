"""What the tests of learning from votes share: made once, never changed."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from finetune.recipes.recipe import RetrainingRecipe, read_recipe
from finetune.training.learner import Learner, learner
from tests.finetune.retraining.material import VOTES, write_parent, write_votes
from tests.finetune.training.material import CPU
from tests.tiny import write_tiny_adapter


@dataclass(frozen=True, kw_only=True)
class Place:
    """A directory with a corpus and votes on what `parent` tells; `adapter` tells the same."""

    directory: Path
    parent: Path
    adapter: Path
    votes: Path


@pytest.fixture(scope="package", autouse=True)
def quiet_program() -> Iterator[None]:
    """The program switches bars off for its process, which is ours here, and needs no network."""
    gc.collect()
    gc.freeze()  # a trainer collects garbage twice a run, and would go through every module
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A parent with all weights, an adapter on it, and votes for questions."""
    directory = tmp_path_factory.mktemp("votes")
    parent = write_parent(directory)
    return Place(
        directory=directory,
        parent=parent,
        adapter=write_tiny_adapter(directory / "adapter", base=parent),
        votes=write_votes(directory / "votes.jsonl", VOTES),
    )


@pytest.fixture(scope="module")
def parent(place: Place) -> Learner:
    """An adapter as the recipe with a taste is given it."""
    recipe = read_recipe("taste", ["lora.rank=4"])
    assert isinstance(recipe, RetrainingRecipe)
    return learner(
        recipe,
        base_directory=place.parent,
        parent=place.adapter,
        device=CPU,
        dtype=torch.float32,
    )
