"""What a report says: everything about one training run, as it is kept in the version."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

__all__ = ["TRAINING", "HistoryPoint", "ReportContent", "ReportError", "Sample", "read_content"]

TRAINING = "training.json"
"""The file of a version that holds what its report says."""

_CHECKED = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class ReportError(Exception):
    """A report that cannot be made; the message is one sentence for a person."""


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPoint:
    """Where training stood after a step; losses are nats per token, `tokens` all read so far."""

    step: int
    epoch: float
    tokens: int
    loss: float | None = None
    held_out_loss: float | None = None
    learning_rate: float | None = None


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """A joke of the finished version, and the topic it was asked for."""

    topic: str | None
    text: str


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class ReportContent:
    """All that a report and a model card say about a version.

    `metrics` are columns ("this version", "base", "parent", "real jokes"), each a mapping of a
    metric's name to `{"value", "low", "high"}`. `data` is the summary of the prepared corpus.
    """

    version: str
    base: str
    parent: str | None
    created: str
    recipe: Mapping[str, Any]
    data: Mapping[str, Any]
    history: Sequence[HistoryPoint]
    metrics: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    samples: Sequence[Sample]
    environment: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The object that a version keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: object) -> "ReportContent":
        """Read what `to_json` made. Raises `ReportError`."""
        try:
            text = json.dumps(content)
        except (TypeError, ValueError, RecursionError) as error:
            raise ReportError(f"This is no report of a training run: {error}.") from None
        return _parsed(text)


_ADAPTER = TypeAdapter(ReportContent)


def read_content(directory: Path) -> ReportContent:
    """What a version's directory keeps about its training. Raises `ReportError`."""
    path = directory / TRAINING
    try:
        return _parsed(path.read_bytes())
    except FileNotFoundError:
        raise ReportError(
            f"{directory} holds no {TRAINING}, so there is nothing to report; "
            "name a version made by: python -m finetune train"
        ) from None
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from None
    except ReportError as error:
        raise ReportError(f"{path} is damaged. {error}") from None


def _parsed(text: str | bytes) -> ReportContent:
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise ReportError(f"This is no report of a training run: {_reason(error)}.") from None


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the whole"
    return f"{where}: {first['msg']}"
