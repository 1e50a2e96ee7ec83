"""How the batch of a recipe is divided among workers, so that a step reads what it always reads."""

from dataclasses import dataclass
from typing import Self

from finetune.recipes.recipe import Recipe, RetrainingRecipe
from finetune.training.failures import TrainingError

__all__ = ["Division"]


@dataclass(frozen=True, kw_only=True)
class Division:
    """Each worker reads `sequences` at once, and `accumulation` times so many in a step."""

    sequences: int
    accumulation: int

    @classmethod
    def of(cls, recipe: Recipe, *, workers: int) -> Self:
        """The part of one of so many workers.

        Repetitions are divided first: they need no less memory, and what is read at once is fast.
        Votes are compared with those read at the same time, so of them each worker takes a part.
        Raises `TrainingError` when nothing can be divided evenly.
        """
        sequences, accumulation = recipe.sequences, recipe.accumulation
        votes = isinstance(recipe, RetrainingRecipe)
        if accumulation % workers == 0 and not votes:
            return cls(sequences=sequences, accumulation=accumulation // workers)
        if sequences % workers == 0:
            return cls(sequences=sequences // workers, accumulation=accumulation)
        what = f"{sequences} sequences" + ("" if votes else f" × {accumulation} accumulation")
        key = "sequences" if votes else "sequences or accumulation"
        raise TrainingError(
            f"A step of {what} cannot be divided evenly among {workers} workers; start as many as "
            f"divide it, or set recipe.{key} to a multiple of {workers}."
        )
