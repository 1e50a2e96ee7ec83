"""One measure for every version that is compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.evaluation.adherence import CANDIDATES, evaluation_topics
from finetune.evaluation.evaluate import evaluate, evaluate_loss, evaluate_real
from finetune.evaluation.generation import Prompt, draw_jokes
from finetune.evaluation.held_out import HeldOut
from finetune.evaluation.result import Evaluation
from finetune.models import LoadedModel
from finetune.moderation import Moderator, Tier
from finetune.novelty import NoveltyIndex
from finetune.progress import Progress
from finetune.selection import Selector

__all__ = ["Measure"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Takes the same figures of every model: below two `jokes` only the losses.

    `loss_jokes` of the held-out jokes are used for the loss, or all, and so many `topics`.
    """

    held_out: HeldOut
    moderator: Moderator
    jokes: int
    topics: int
    loss_jokes: int | None
    seed: int
    progress: Progress

    @property
    def draws(self) -> bool:
        """Whether models are judged by jokes of theirs as well."""
        return self.jokes > 1

    def novelty(self, directory: Path) -> NoveltyIndex | None:
        """The index a version carries, or else that of the corpus.

        Raises `BrokenVersionError` or `CorpusError`.
        """
        own = NoveltyIndex.of_version(directory)
        return self.held_out.novelty if own is None else own

    def of(self, loaded: LoadedModel, *, novelty: NoveltyIndex | None) -> Evaluation:
        """What a model is worth; `novelty` knows what it was taught."""
        if not self.draws:
            return evaluate_loss(
                loaded,
                held_out=self.held_out.jokes,
                loss_jokes=self.loss_jokes,
                seed=self.seed,
                progress=self.progress,
            )
        return evaluate(
            loaded,
            held_out=self.held_out.jokes,
            moderator=self.moderator,
            training=novelty,
            training_jokes=self.held_out.training_jokes(),
            jokes=self.jokes,
            topics=evaluation_topics(self.topics),
            loss_jokes=self.loss_jokes,
            seed=self.seed,
            progress=self.progress,
        )

    def of_real(self, *, novelty: NoveltyIndex | None) -> Evaluation:
        """The same for real jokes."""
        return evaluate_real(
            self.held_out.jokes,
            moderator=self.moderator,
            training=novelty,
            training_jokes=self.held_out.training_jokes(),
            jokes=self.jokes,
            seed=self.seed,
        )

    def told(
        self, loaded: LoadedModel, topics: Sequence[str | None], *, novelty: NoveltyIndex | None
    ) -> list[str | None]:
        """What the bot would tell members of tier `family`, or None where nothing is fit."""
        prompts = [Prompt(topic=topic) for topic in topics]
        drawn = draw_jokes(loaded, prompts, each=CANDIDATES, seed=self.seed + 1)
        selector = Selector(moderator=self.moderator, tier=Tier.FAMILY, novelty=novelty)
        chosen = (
            selector.choices(candidates, opening=None, topic=topic)
            for topic, candidates in zip(topics, drawn, strict=True)
        )
        return [choices[0].text if choices else None for choices in chosen]
