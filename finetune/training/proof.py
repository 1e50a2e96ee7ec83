"""Judges a version that was just taught, beside its base, its parent and real jokes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from finetune.corpus.corpus import Corpus
from finetune.corpus.jokes import read_jokes
from finetune.evaluation.adherence import TOPICS, evaluation_topics
from finetune.evaluation.evaluate import REAL_JOKES
from finetune.evaluation.held_out import HeldOut
from finetune.evaluation.measure import Measure
from finetune.evaluation.result import against
from finetune.models import LoadedModel, load_model
from finetune.moderation import Moderator
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.progress import Progress
from finetune.report.content import Sample
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
        novelty = NoveltyIndex.load(staging / NOVELTY)
        measure = Measure(
            held_out=HeldOut(jokes=list(read_jokes(corpus.held_out)), train=corpus.train),
            moderator=Moderator.load(),
            jokes=self.jokes,
            topics=self.topics,
            loss_jokes=self.loss_jokes,
            seed=self.seed,
            progress=progress,
        )

        def load(directory: Path, *, name: str, under: Path | None) -> LoadedModel:
            return load_model(
                directory, name=name, device=device, dtype=dtype, base_directory=under
            )

        columns = {
            BASE: measure.of(load(base.directory, name=base.name, under=None), novelty=novelty)
        }
        if parent is not None:
            columns[PARENT] = measure.of(
                load(parent.directory, name=parent.name, under=parent.base_directory),
                novelty=novelty,
            )
        loaded = load(staging, name=THIS, under=base.directory)
        taught = replace(loaded, version=THIS, template=template)
        other = columns[PARENT if parent else BASE]
        own = against(measure.of(taught, novelty=novelty), other, seed=self.seed)
        if measure.draws:
            columns[REAL_JOKES] = measure.of_real(novelty=novelty)
        return Proof(
            metrics={
                name: {metric: figure.to_json() for metric, figure in column.figures.items()}
                for name, column in {THIS: own, **columns}.items()
            },
            samples=_samples(measure, taught, novelty) if measure.draws else (),
        )


def _samples(measure: Measure, loaded: LoadedModel, novelty: NoveltyIndex) -> list[Sample]:
    """Jokes as told, half of them about a topic."""
    topics: list[str | None] = [*evaluation_topics(_SAMPLES // 2)]
    topics += [None] * (_SAMPLES - len(topics))
    told = measure.told(loaded, topics, novelty=novelty)
    return [
        Sample(topic=topic, text=text)
        for topic, text in zip(topics, told, strict=True)
        if text is not None
    ]
