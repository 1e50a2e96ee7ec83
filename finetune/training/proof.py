"""Judges a version that was just taught, beside its base, its parent and real jokes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from finetune.corpus.corpus import Corpus
from finetune.corpus.jokes import read_jokes
from finetune.evaluation.adherence import evaluation_topics
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

__all__ = ["THIS", "Examiner", "Proof"]

THIS = "this version"
"""The column of the version itself; the others are "base", "parent" and "real jokes"."""

_SAMPLES = 30
_CANDIDATES = 4


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Figures by column and metric, and sample jokes as the bot would tell them."""

    metrics: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    samples: Sequence[Sample]


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """`jokes` are drawn from each model that is judged, for `topics` four candidates each.

    `held_out` is the number of held-out jokes the loss is taken on. With no `jokes` to draw nothing
    but the loss is taken.
    """

    jokes: int
    topics: int = 100
    held_out: int = 2000
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

        def judged(loaded: LoadedModel) -> Evaluation:
            if not self.jokes:
                return evaluate_loss(
                    loaded,
                    held_out=held_out,
                    loss_jokes=self.held_out,
                    seed=self.seed,
                    progress=progress,
                )
            return evaluate(
                loaded,
                held_out=held_out,
                moderator=moderator,
                training=novelty,
                training_jokes=(joke.text for joke in read_jokes(corpus.train)),
                jokes=self.jokes,
                topics=evaluation_topics()[: self.topics],
                loss_jokes=self.held_out,
                seed=self.seed,
                progress=progress,
            )

        def load(directory: Path, *, name: str, under: Path | None) -> LoadedModel:
            return load_model(
                directory, name=name, device=device, dtype=dtype, base_directory=under
            )

        held_out = list(read_jokes(corpus.held_out))
        untaught = judged(load(base.directory, name=base.name, under=None))
        columns = {"base": untaught}
        if parent is not None:
            columns["parent"] = judged(
                load(parent.directory, name=parent.name, under=parent.base_directory)
            )
        taught = replace(
            load(staging, name=THIS, under=base.directory), version=THIS, template=template
        )
        own = against(judged(taught), columns.get("parent", untaught), seed=self.seed)
        if self.jokes:
            columns[REAL_JOKES] = evaluate_real(
                held_out, moderator=moderator, jokes=self.jokes, seed=self.seed
            )
        return Proof(
            metrics={
                name: {metric: figure.to_json() for metric, figure in column.figures.items()}
                for name, column in {THIS: own, **columns}.items()
            },
            samples=self._samples(
                taught, Selector(moderator=moderator, tier=Tier.FAMILY, novelty=novelty)
            ),
        )

    def _samples(self, loaded: LoadedModel, selector: Selector) -> list[Sample]:
        """Jokes as told, half of them about a topic."""
        topics = evaluation_topics()[: _SAMPLES // 2]
        prompts = [Prompt(topic=topic) for topic in topics]
        prompts += [Prompt()] * (_SAMPLES - len(prompts))
        drawn = draw_jokes(loaded, prompts, each=_CANDIDATES, seed=self.seed + 1)
        samples = []
        for prompt, candidates in zip(prompts, drawn, strict=True):
            choices = selector.choices(candidates, opening=None, topic=prompt.topic)
            samples += [Sample(topic=prompt.topic, text=choice.text) for choice in choices[:1]]
        return samples
