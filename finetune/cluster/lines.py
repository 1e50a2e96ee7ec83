"""Progress as lines that travel from the leading worker to the starter, and are reported there."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from finetune.training.reporting import Reporter, TrainingStep

__all__ = ["LinesReporter", "report"]


class LinesReporter:
    """Reports into `tell`, one JSON object a line."""

    def __init__(self, *, tell: Callable[[str], object]) -> None:
        self._tell = tell

    def stage(self, name: str, step: int, of: int) -> None:
        """`{"stage": [name, step, of]}`."""
        self._say("stage", [name, step, of])

    def training(self, now: TrainingStep) -> None:
        """`{"training": {…}}`."""
        self._say("training", asdict(now))

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """`{"samples": [epoch, [jokes]]}`."""
        self._say("samples", [epoch, list(jokes)])

    def _say(self, kind: str, content: Any) -> None:
        self._tell(json.dumps({kind: content}))


def report(line: dict[str, Any], reporter: Reporter) -> None:
    """Report what was said to a `LinesReporter`; any other line says nothing."""
    match line:
        case {"stage": [name, step, of]}:
            reporter.stage(name, step, of)
        case {"training": dict() as now}:
            reporter.training(TrainingStep(**now))
        case {"samples": [epoch, jokes]}:
            reporter.samples(epoch, jokes)
