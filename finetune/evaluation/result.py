"""What an evaluation found, and where it is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from finetune.durable import write_whole
from finetune.evaluation.bootstrap import Figure, ratio_figure
from finetune.evaluation.metrics import LOSS_CHANGE, in_order

__all__ = ["Comparison", "Evaluation", "against", "write_comparison"]

_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of one model version, or of real jokes, by the name of the metric.

    `missing` says of a metric that is not among them why it could not be measured; `texts` are the
    jokes that were judged, unfiltered; `nats` is the loss on each held-out joke, in their order.
    """

    name: str
    figures: Mapping[str, Figure]
    missing: Mapping[str, str] = field(default_factory=dict)
    texts: Sequence[str] = ()
    nats: Sequence[float] = ()

    def to_json(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "name": self.name,
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "missing": dict(self.missing),
            "texts": list(self.texts),
        }


def against(evaluation: Evaluation, other: Evaluation, *, seed: int) -> Evaluation:
    """The evaluation with the relative change of the held-out loss from another's.

    Both were measured on the same jokes, which are resampled in pairs: what makes a joke hard for
    both cancels out, so the interval is far narrower than those of the losses themselves.
    """
    ratio = ratio_figure(evaluation.nats, other.nats, seed=seed)
    change = Figure(ratio.value - 1, ratio.low - 1, ratio.high - 1)
    return replace(evaluation, figures=in_order({**evaluation.figures, LOSS_CHANGE: change}))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Versions, the one they are compared with, and real jokes, all measured alike."""

    versions: Sequence[Evaluation]
    other: Evaluation | None
    real: Evaluation

    @property
    def everything(self) -> list[Evaluation]:
        """The columns of a table, from left to right."""
        return [*self.versions, *([self.other] if self.other else []), self.real]


def write_comparison(path: Path, comparison: Comparison, *, settings: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all. Raises `OSError`."""
    content = {
        "schema": _SCHEMA,
        **settings,
        "against": comparison.other.name if comparison.other else None,
        "evaluations": [evaluation.to_json() for evaluation in comparison.everything],
    }
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False))
