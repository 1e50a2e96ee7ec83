"""One run that learns from votes: the machinery of training with other rows and another loss."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
from pathlib import Path
from typing import Any, Self

from datasets import Dataset, concatenate_datasets
from transformers import TrainerState
from trl.trainer.utils import disable_dropout_in_model

from finetune.corpus.jokes import CorpusJoke, read_jokes
from finetune.novelty import NoveltyIndex
from finetune.recipes.recipe import RetrainingRecipe
from finetune.retraining.datasets import VotesCollator, kto_rows, upvote_rows
from finetune.retraining.examples import VoteExample, vote_examples
from finetune.retraining.judgement import Judgement
from finetune.retraining.keeping import RememberingWeights
from finetune.retraining.own_jokes import own_jokes
from finetune.retraining.trainer import VotesTrainer
from finetune.retraining.votes import Votes
from finetune.training.datasets import PackedJokes
from finetune.training.run import TrainingRun
from finetune.training.trainer import HumourTrainer

__all__ = ["RetrainingRun"]

_HELD_OUT_OF_OWN = 8
"""One of so many jokes of its own is not chosen from, but shows what has been forgotten."""


@dataclass(frozen=True, kw_only=True)
class RetrainingRun(TrainingRun):
    """A run whose learner begins as the version that the votes are about; `run` is as ever.

    That it goes on exactly after a stop is because all it needs of that version is computed anew
    before a checkpoint is taken up: the same figures each time.
    """

    recipe: RetrainingRecipe
    votes: Votes
    taught: NoveltyIndex | None = None

    @classmethod
    def of(
        cls,
        run: TrainingRun,
        *,
        recipe: RetrainingRecipe,
        votes: Votes,
        taught: NoveltyIndex | None,
    ) -> Self:
        """A run with the learner, the corpus and the directory of another.

        `taught` is what the version was taught before, which is no joke of its own.
        """
        shared: dict[str, Any] = {each.name: getattr(run, each.name) for each in fields(run)}
        return cls(**{**shared, "recipe": recipe, "votes": votes, "taught": taught})

    def _trainer(self, checkpoint: Path | None) -> VotesTrainer:
        material = self.group.shared(self._material)
        if self.recipe.votes.learning == "kto":
            # It would move the log-ratios of whole jokes further than a step of learning does.
            disable_dropout_in_model(self.learner.model)
        train = Dataset.from_list(material["votes"])
        return VotesTrainer(
            votes=self.recipe.votes,
            model=self.learner.model,
            autocast=self.learner.autocast,
            args=self._arguments(len(train), eval_on_start=checkpoint is None),
            train_dataset=train,
            eval_dataset=self._held_out(material["held_out"]),
            processing_class=self.learner.tokenizer,
            data_collator=VotesCollator(
                replay=material["replay"],
                share=self._replayed,
                pad_id=self._pad_id,
                seed=self.recipe.seed,
                group=self.group,
            ),
            group=self.group,
        )

    def _material(self) -> dict[str, Sequence[Any]]:
        """Rows of votes, of jokes to replay, and of its own jokes that are held out."""
        settings = self.recipe.votes
        examples = self._examples()
        judgement = None
        if settings.taste is not None:
            judgement = Judgement.of(
                examples,
                learner=self.learner,
                caution=settings.taste.caution,
                rows=self.recipe.sequences,
                progress=self.reporter.stage,
            )
            examples = list(judgement.examples)
        votes = self._rows(examples)
        offered, held_out = self._own(len(votes))
        return {
            "votes": votes,
            "replay": self._replay(len(votes), judgement, offered),
            "held_out": list(self._alone.rows(held_out)),
        }

    def _examples(self) -> list[VoteExample]:
        """The votes that are learned from. Raises `VotesError` when they are too few."""
        settings = self.recipe.votes
        examples = list(
            vote_examples(
                self.votes.votes if settings.fewest_disliked else self.votes.of(liked=True),
                tokenizer=self.learner.tokenizer,
                template=self.learner.template,
                length=self.recipe.sequence_tokens,
            )
        )
        fitting = replace(self.votes, votes=[each.vote for each in examples])
        fitting.require(liked=settings.fewest, disliked=settings.fewest_disliked)
        return examples

    def _rows(self, examples: list[VoteExample]) -> list[dict[str, Any]]:
        if self.recipe.votes.learning == "upvoted":
            return upvote_rows([each for each in examples if each.vote.label])
        return kto_rows(
            examples,
            learner=self.learner,
            rows=self.recipe.sequences,
            balance=self.recipe.votes.balance,
            seed=self.recipe.seed,
            progress=self.reporter.stage,
        )

    @property
    def _replayed(self) -> float:
        """How many jokes are read for each vote."""
        return self.recipe.votes.replayed if self.recipe.votes.replay else 0.0

    def _replay(
        self, rows: int, judgement: Judgement | None, own: Sequence[CorpusJoke]
    ) -> Sequence[Any]:
        """The jokes that are read beside so many rows of votes, each its own row."""
        if not self._replayed:
            return []
        taste = self.recipe.votes.taste
        if judgement is None or taste is None:
            wanted = ceil(rows * self.recipe.epochs * self._replayed)
            return list(self._alone.of(self.train, limit=wanted))
        wanted = ceil(rows * self._replayed)
        seen = list(self._alone.of(self.train, limit=ceil(wanted * taste.choice)))
        return judgement.best_of([*seen, *self._alone.rows(own)], count=wanted)

    @property
    def _alone(self) -> PackedJokes:
        return replace(self._packed(), recipe=self.recipe.model_copy(update={"packing": False}))

    def _own(self, rows: int) -> tuple[Sequence[CorpusJoke], Sequence[CorpusJoke]]:
        """What the version tells itself where the corpus leaves too little choice.

        The first may be chosen from, the others are held out.
        """
        taste = self.recipe.votes.taste
        if taste is None:
            return [], []
        corpus = list(read_jokes(self.train))
        lacking = ceil(rows * self._replayed * taste.own) - len(corpus)
        if lacking <= 0:
            return [], []
        offered = own_jokes(
            self.learner,
            count=lacking,
            topics=[topic for joke in corpus for topic in joke.topics],
            taught=self.taught,
            seed=self.recipe.seed,
            progress=self.reporter.stage,
        )
        held_out = offered[::_HELD_OUT_OF_OWN]
        del offered[::_HELD_OUT_OF_OWN]
        return offered, held_out

    def _held_out(self, own: list[dict[str, Any]]) -> Any:
        """The corpus's held-out jokes, and of a small corpus's version some rows of its own.

        A few jokes of another kind than it tells cannot say whether it has forgotten its own.
        """
        held_out = self._packed().of(self.held_out, limit=self.recipe.held_out_jokes)
        return concatenate_datasets([held_out, Dataset.from_list(own)]) if own else held_out

    def _keeper(self, trainer: HumourTrainer) -> RememberingWeights:
        return RememberingWeights(
            run=self.directory,
            forgetting=self.recipe.votes.forgetting,
            model=self.learner.model,
            loss=trainer.held_out_loss,
            progress=self.reporter.stage,
            group=self.group,
        )

    def _has_ended(self, state: TrainerState) -> bool:
        return state.global_step >= state.max_steps
