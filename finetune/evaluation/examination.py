"""Measures versions by name, one after the other, and real jokes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from finetune.evaluation.adherence import evaluation_topics
from finetune.evaluation.evaluate import evaluate, evaluate_real
from finetune.evaluation.held_out import HeldOut
from finetune.evaluation.result import Comparison, Evaluation, against
from finetune.moderation import Moderator
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.progress import Progress
from finetune.versions import find_version, open_version

__all__ = ["Examination"]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What all versions are measured with; `cache` keeps base weights.

    `loss_jokes` of the held-out jokes are used for the loss, or all, and so many `topics`.
    """

    held_out: HeldOut
    moderator: Moderator
    jokes: int
    topics: int
    loss_jokes: int | None
    seed: int
    cache: Path
    device: torch.device
    dtype: torch.dtype
    progress: Progress

    def of(self, names: Sequence[str], *, other: str | None) -> Comparison:
        """Measure every version once; only one is in memory at a time.

        Raises `BrokenVersionError`, `BaseModelError` or `CorpusError`.
        """
        # All names are looked up first: a typing error should not come to light after an hour.
        wanted = dict.fromkeys([*names, *([other] if other else [])])
        novelty = {name: self._novelty(name) for name in wanted}
        found = {name: self._version(name, index) for name, index in novelty.items()}
        reference = found[other] if other else None
        versions = [found[name] for name in dict.fromkeys(names) if name != other]
        if reference:
            versions = [against(version, reference, seed=self.seed) for version in versions]
        return Comparison(
            versions=versions, other=reference, real=self._real(next(iter(novelty.values())))
        )

    def _novelty(self, name: str) -> NoveltyIndex | None:
        """The index a version carries, or else that of the corpus."""
        found = find_version(name, cache=self.cache, progress=self.progress)
        path = found.directory / NOVELTY
        return NoveltyIndex.load(path) if path.is_file() else self.held_out.novelty

    def _version(self, name: str, novelty: NoveltyIndex | None) -> Evaluation:
        loaded = open_version(
            name,
            cache=self.cache,
            device=self.device,
            dtype=self.dtype,
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

    def _real(self, novelty: NoveltyIndex | None) -> Evaluation:
        return evaluate_real(
            self.held_out.jokes,
            moderator=self.moderator,
            training=self.held_out.novelty or novelty,
            training_jokes=self.held_out.training_jokes(),
            jokes=self.jokes,
            seed=self.seed,
        )
