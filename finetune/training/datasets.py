"""Prepared jokes as the packed sequences a trainer reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Dataset

from finetune.corpus.jokes import read_jokes
from finetune.recipes.recipe import Recipe
from finetune.training.examples import Example, Examples
from finetune.training.failures import TrainingError
from finetune.training.learner import Learner
from finetune.training.packing import keeps_apart, pack

__all__ = ["PackedJokes"]


@dataclass(frozen=True, kw_only=True)
class PackedJokes:
    """Makes datasets with columns `input_ids`, `position_ids` and `labels`, one row a sequence."""

    recipe: Recipe
    learner: Learner

    def of(self, path: Path, *, limit: int | None = None) -> Any:
        """The first `limit` jokes of a prepared file. Raises `TrainingError` when none fits."""
        sequences = pack(
            islice(self._examples(path), limit),
            length=self.recipe.sequence_tokens,
            together=self.recipe.packing and self._keeps_apart(path),
        )
        if not sequences.input_ids:
            raise TrainingError(
                f"{path} holds no joke that fits into {self.recipe.sequence_tokens} tokens; "
                "set a larger sequence_tokens or give more jokes."
            )
        return Dataset.from_dict(sequences.columns())

    def _examples(self, path: Path) -> Iterator[Example]:
        examples = Examples(
            tokenizer=self.learner.tokenizer,
            template=self.learner.template,
            topic_share=self.recipe.topic_share,
            seed=self.recipe.seed,
        )
        return examples.of(read_jokes(path))

    def _keeps_apart(self, path: Path) -> bool:
        """Whether the model lets packed jokes not see each other; if not, each gets a sequence."""
        two = list(islice(self._examples(path), 2))
        return len(two) == 2 and keeps_apart(self.learner.model, *two)  # noqa: PLR2004
