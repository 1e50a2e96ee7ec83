"""Prepared jokes as the packed sequences a trainer reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Dataset

from finetune.corpus.jokes import CorpusJoke, read_jokes
from finetune.evaluation.judging import shuffled
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
        """A prepared file's jokes, or `limit` of them drawn from all over it.

        Raises `TrainingError` when none fits.
        """
        jokes = read_jokes(path)
        if limit is not None:
            # The first jokes would all be from one source.
            jokes = iter(shuffled(list(jokes), seed=self.recipe.seed)[:limit])
        rows = self.rows(jokes, together=self.recipe.packing and self._keeps_apart(path))
        if not len(rows):
            raise TrainingError(
                f"{path} holds no joke that fits into {self.recipe.sequence_tokens} tokens; "
                "set a larger sequence_tokens or give more jokes."
            )
        return rows

    def rows(self, jokes: Iterable[CorpusJoke], *, together: bool = False) -> Any:
        """Jokes that need not be of a file, each its own row unless `together`."""
        sequences = pack(
            self._examples(jokes), length=self.recipe.sequence_tokens, together=together
        )
        return Dataset.from_dict(sequences.columns())

    def _examples(self, jokes: Iterable[CorpusJoke]) -> Iterator[Example]:
        examples = Examples(
            tokenizer=self.learner.tokenizer,
            template=self.learner.template,
            topic_share=self.recipe.topic_share,
            seed=self.recipe.seed,
        )
        return examples.of(jokes)

    def _keeps_apart(self, path: Path) -> bool:
        """Whether the model lets packed jokes not see each other; if not, each gets a sequence."""
        two = list(islice(self._examples(read_jokes(path)), 2))
        return len(two) == 2 and keeps_apart(self.learner.model, *two)  # noqa: PLR2004
