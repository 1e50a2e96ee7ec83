"""Measures versions by name, one after the other, and real jokes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from finetune.evaluation.measure import Measure
from finetune.evaluation.result import Comparison, Evaluation, against
from finetune.novelty import NoveltyIndex
from finetune.versions import find_version, open_version

__all__ = ["Examination"]


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All versions are measured alike; `cache` keeps base weights."""

    measure: Measure
    cache: Path
    device: torch.device
    dtype: torch.dtype

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
            seed = self.measure.seed
            versions = [against(version, reference, seed=seed) for version in versions]
        known = self.measure.held_out.novelty or next(iter(novelty.values()))
        return Comparison(
            versions=versions, other=reference, real=self.measure.of_real(novelty=known)
        )

    def _novelty(self, name: str) -> NoveltyIndex | None:
        found = find_version(name, cache=self.cache, progress=self.measure.progress)
        return self.measure.novelty(found.directory)

    def _version(self, name: str, novelty: NoveltyIndex | None) -> Evaluation:
        loaded = open_version(
            name,
            cache=self.cache,
            device=self.device,
            dtype=self.dtype,
            progress=self.measure.progress,
        )
        return self.measure.of(loaded, novelty=novelty)
