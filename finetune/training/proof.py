"""Judges a version that was just taught, beside its base, its parent and real jokes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from finetune.corpus.corpus import Corpus
from finetune.corpus.jokes import CorpusJoke, read_jokes
from finetune.evaluation.adherence import CANDIDATES, TOPICS, evaluation_topics
from finetune.evaluation.evaluate import REAL_JOKES, evaluate, evaluate_loss, evaluate_real
from finetune.evaluation.generation import Prompt, draw_jokes
from finetune.evaluation.result import Evaluation, against
from finetune.models import LoadedModel, load_model
from finetune.moderation import Moderator, Tier
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.progress import Progress
from finetune.report.content import Sample
from finetune.selection import Selector
from finetune.template import Template
from finetune.versions import Found

__all__ = ["BASE", "PARENT", "THIS", "Examiner", "Proof"]

THIS = "this version"
BASE = "base"
PARENT = "parent"
"""The columns of the table, besides that of real jokes."""

_SAMPLES = 30


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Figures by column and metric, and sample jokes as the bot would tell them."""

    metrics: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    samples: Sequence[Sample]


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Draws `jokes` from each model and asks for `topics`; below two jokes only losses are taken.

    `loss_jokes` is the most held-out jokes that the loss is taken over.
    """

    jokes: int
    topics: int = TOPICS
    loss_jokes: int = 2000
    seed: int = 0

    def examine(
        self,
        staging: Path,
        *,
        template: Template,
        corpus: Corpus,
        base: Found,
        parent: Found | None,
        device: torch.device,
        dtype: torch.dtype,
        progress: Progress,
    ) -> Proof:
        """Judge the weights in `staging`. Raises `BrokenVersionError`."""
        moderator = Moderator.load()
        novelty = NoveltyIndex.load(staging / NOVELTY)
        judge = _Judge(
            examiner=self,
            held_out=list(read_jokes(corpus.held_out)),
            train=corpus.train,
            moderator=moderator,
            novelty=novelty,
            progress=progress,
        )

        def load(directory: Path, *, name: str, under: Path | None) -> LoadedModel:
            return load_model(
                directory, name=name, device=device, dtype=dtype, base_directory=under
            )

        columns = {BASE: judge.of(load(base.directory, name=base.name, under=None))}
        if parent is not None:
            columns[PARENT] = judge.of(
                load(parent.directory, name=parent.name, under=parent.base_directory)
            )
        loaded = load(staging, name=THIS, under=base.directory)
        taught = replace(loaded, version=THIS, template=template)
        own = against(judge.of(taught), columns[PARENT if parent else BASE], seed=self.seed)
        if self.draws:
            columns[REAL_JOKES] = judge.of_real()
        return Proof(
            metrics={
                name: {metric: figure.to_json() for metric, figure in column.figures.items()}
                for name, column in {THIS: own, **columns}.items()
            },
            samples=self._samples(taught, moderator, novelty) if self.draws else (),
        )

    @property
    def draws(self) -> bool:
        """Whether models are judged by jokes of theirs as well."""
        return self.jokes > 1

    def _samples(
        self, loaded: LoadedModel, moderator: Moderator, novelty: NoveltyIndex
    ) -> list[Sample]:
        """Jokes as told, half of them about a topic."""
        prompts = [Prompt(topic=topic) for topic in evaluation_topics(_SAMPLES // 2)]
        prompts += [Prompt()] * (_SAMPLES - len(prompts))
        drawn = draw_jokes(loaded, prompts, each=CANDIDATES, seed=self.seed + 1)
        selector = Selector(moderator=moderator, tier=Tier.FAMILY, novelty=novelty)
        samples = []
        for prompt, candidates in zip(prompts, drawn, strict=True):
            choices = selector.choices(candidates, opening=None, topic=prompt.topic)
            samples += [Sample(topic=prompt.topic, text=choice.text) for choice in choices[:1]]
        return samples


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Takes the same figures of every model."""

    examiner: Examiner
    held_out: Sequence[CorpusJoke]
    train: Path
    moderator: Moderator
    novelty: NoveltyIndex
    progress: Progress

    def of(self, loaded: LoadedModel) -> Evaluation:
        """What a model is worth."""
        if not self.examiner.draws:
            return evaluate_loss(
                loaded,
                held_out=self.held_out,
                loss_jokes=self.examiner.loss_jokes,
                seed=self.examiner.seed,
                progress=self.progress,
            )
        return evaluate(
            loaded,
            held_out=self.held_out,
            moderator=self.moderator,
            training=self.novelty,
            training_jokes=self._taught(),
            jokes=self.examiner.jokes,
            topics=evaluation_topics(self.examiner.topics),
            loss_jokes=self.examiner.loss_jokes,
            seed=self.examiner.seed,
            progress=self.progress,
        )

    def of_real(self) -> Evaluation:
        """The same for real jokes."""
        return evaluate_real(
            self.held_out,
            moderator=self.moderator,
            training=self.novelty,
            training_jokes=self._taught(),
            jokes=self.examiner.jokes,
            seed=self.examiner.seed,
        )

    def _taught(self) -> Iterator[str]:
        return (joke.text for joke in read_jokes(self.train))
