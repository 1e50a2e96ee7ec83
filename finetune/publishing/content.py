"""What may leave this machine: files that a model is loaded from, and what was measured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Self

from finetune.artifacts import MANIFEST, Manifest
from finetune.bases import HUB_FILES
from finetune.novelty import NOVELTY
from finetune.report.card import hub_id
from finetune.report.content import TRAINING, ReportContent

__all__ = ["Publishable"]

_WRITTEN_ANEW = frozenset({MANIFEST, TRAINING})
_OF_VOTES = ("sha256", "liked", "disliked")


@dataclass(frozen=True, kw_only=True)
class Publishable:
    """A version's manifest and report without what is nobody else's business.

    Paths of this machine become names. Of the corpus there are counts and checksums, of votes how
    many there were. The samples stay: the version drew them about fixed topics to be judged by,
    and nobody was told them. The index of known jokes stays behind where votes were learned from,
    since whoever draws jokes from the model could look up in it which of them were told and liked.
    """

    manifest: Manifest
    report: ReportContent

    @classmethod
    def of(cls, manifest: Manifest, report: ReportContent) -> Self:
        """What may be published of a version."""
        return cls(
            manifest=replace(
                manifest,
                base=_named(manifest.base),
                recipe=_recipe(manifest.recipe),
                data=_data(manifest.data),
            ),
            report=replace(
                report,
                base=_named(report.base),
                recipe=_recipe(report.recipe),
                data=_data(report.data),
            ),
        )

    @property
    def indexed(self) -> bool:
        """Whether the index of known jokes may come along."""
        return not (self.report.data.get("votes") or self.manifest.data.get("votes"))

    def files(self) -> list[str]:
        """The files of the version that are copied as they are."""
        return [
            name
            for name in self.manifest.files
            if any(fnmatch(name, pattern) for pattern in HUB_FILES)
            and name not in _WRITTEN_ANEW
            and (self.indexed or name != NOVELTY)
        ]

    def training(self) -> str:
        """The content of `training.json`."""
        return json.dumps(self.report.to_json(), indent=1, ensure_ascii=False) + "\n"


def _named(base: str) -> str:
    """A base as others know it: one that is only on this machine is no more than a name."""
    return base if hub_id(base) else Path(base).name or base


def _recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _named(value) if key == "base" and isinstance(value, str) else value
        for key, value in recipe.items()
    }


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in data.items() if key != "examples"}
    if isinstance(votes := shown.get("votes"), Mapping):
        shown["votes"] = {key: votes[key] for key in _OF_VOTES if key in votes}
    return shown
