"""One run that learns from votes: the machinery of training with other rows and another loss."""

from dataclasses import dataclass, fields, replace
from math import ceil
from pathlib import Path
from typing import Any, Self

from transformers import TrainerState
from trl.trainer.utils import disable_dropout_in_model

from finetune.recipes.recipe import RetrainingRecipe
from finetune.retraining.datasets import VotesCollator, kto_dataset, upvotes
from finetune.retraining.examples import VoteExample, vote_examples
from finetune.retraining.keeping import RememberingWeights, has_forgotten
from finetune.retraining.trainer import VotesTrainer
from finetune.retraining.votes import Votes
from finetune.training.run import TrainingRun

__all__ = ["RetrainingRun"]


@dataclass(frozen=True, kw_only=True)
class RetrainingRun(TrainingRun):
    """A run whose learner begins as the version that the votes are about; `run` is as ever.

    That it goes on exactly after a stop is because all it needs of that version is computed anew
    before a checkpoint is taken up: the same figures each time.
    """

    recipe: RetrainingRecipe
    votes: Votes

    @classmethod
    def of(cls, run: TrainingRun, *, recipe: RetrainingRecipe, votes: Votes) -> Self:
        """A run with the learner, the corpus and the directory of another."""
        shared: dict[str, Any] = {each.name: getattr(run, each.name) for each in fields(run)}
        return cls(**{**shared, "recipe": recipe, "votes": votes})

    def _trainer(self, checkpoint: Path | None) -> VotesTrainer:
        examples = self._examples()
        train = self._rows(examples)
        share = self.recipe.votes.replayed if self.recipe.votes.replay else 0.0
        return VotesTrainer(
            votes=self.recipe.votes,
            model=self.learner.model,
            args=self._arguments(len(train), eval_on_start=checkpoint is None),
            train_dataset=train,
            eval_dataset=self._packed().of(self.held_out, limit=self.recipe.held_out_jokes),
            processing_class=self.learner.tokenizer,
            data_collator=VotesCollator(
                replay=self._replay(ceil(len(train) * self.recipe.epochs * share)),
                share=share,
                pad_id=self._pad_id,
                seed=self.recipe.seed,
            ),
        )

    def _examples(self) -> list[VoteExample]:
        """The votes that are learned from. Raises `VotesError` when they are too few."""
        settings = self.recipe.votes
        both = settings.learning == "kto"
        length = self.recipe.sequence_tokens
        examples = list(
            vote_examples(
                self.votes.votes if both else self.votes.of(liked=True),
                tokenizer=self.learner.tokenizer,
                template=self.learner.template,
                length=length,
            )
        )
        fitting = replace(self.votes, votes=[each.vote for each in examples])
        fitting.require(liked=settings.fewest, disliked=settings.fewest if both else 0)
        return examples

    def _rows(self, examples: list[VoteExample]) -> Any:
        if self.recipe.votes.learning == "upvoted":
            return upvotes(examples)
        # It would move the log-ratios of whole jokes further than a step of learning does.
        disable_dropout_in_model(self.learner.model)
        self.reporter.stage("asking the parent about the votes", 0, 0)
        return kto_dataset(
            examples,
            learner=self.learner,
            rows=self.recipe.sequences,
            balance=self.recipe.votes.balance,
            seed=self.recipe.seed,
        )

    def _replay(self, jokes: int) -> Any:
        """That many jokes of the corpus, each a row of its own."""
        if not jokes:
            return []
        alone = self.recipe.model_copy(update={"packing": False})
        return list(replace(self._packed(), recipe=alone).of(self.train, limit=jokes))

    def _keeper(self) -> RememberingWeights:
        return RememberingWeights(run=self.directory, forgetting=self.recipe.votes.forgetting)

    def _has_ended(self, state: TrainerState) -> bool:
        forgotten = has_forgotten(state, forgetting=self.recipe.votes.forgetting)
        return forgotten or state.global_step >= state.max_steps
