"""What is to be taught, and how that ended; this module needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.recipes.recipe import Recipe
from finetune.retraining.votes import Votes

if TYPE_CHECKING:
    from finetune.corpus.preparation import PrepareOptions

__all__ = ["Lesson", "Taught"]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What to teach: `data` is one prepared corpus, or raw sources prepared with `options`.

    `out` is the directory of the version to be made; the checkpoints lie beside it until then, in
    one with `.run` added to its name. `parent` is a version to go on from instead of the recipe's
    base, and `votes` are what a `RetrainingRecipe` learns from. `resume` and `restart` say what to
    do with an unfinished run.
    """

    recipe: Recipe
    data: Sequence[str]
    options: "PrepareOptions"
    out: Path
    parent: str | None
    resume: bool
    restart: bool
    votes: Votes | None = None


@dataclass(frozen=True, kw_only=True)
class Taught:
    """How a lesson ended: with a version, or with the signal that interrupted it at a step."""

    version: Path | None
    step: int
    interrupted_by: int | None
