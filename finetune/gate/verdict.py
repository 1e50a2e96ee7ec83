"""What the gate found, as it is kept: nothing here needs torch, so the bot process reads it too."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from finetune.durable import write_whole

__all__ = [
    "PAGE",
    "PICTURE",
    "SCHEMA",
    "VERDICT",
    "GateFigure",
    "Pair",
    "Verdict",
    "read_verdict",
    "value_text",
    "write_verdict",
]

VERDICT = "verdict.json"
PICTURE = "verdict.png"
PAGE = "verdict.html"
"""The files that the gate writes into one directory; the first is written last."""

SCHEMA = 1

_CHECKED = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class GateFigure:
    """One figure of both versions and the worst value that the candidate may have.

    All values are in one unit, a `share` between 0 and 1. `low` and `high` are the 95 % interval of
    the candidate's value as far as it is compared with the limit: chance in the champion's value
    widens it too. `limit` is None for a figure that is shown and decides nothing, and all values
    are None for one that could not be measured.
    """

    name: str
    title: str
    share: bool
    higher_is_better: bool
    champion: float | None
    candidate: float | None
    low: float | None
    high: float | None
    limit: float | None
    passed: bool
    explanation: str


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """What both versions tell about a topic, chosen and filtered as the bot does it."""

    topic: str
    champion: str
    candidate: str


@with_config(_CHECKED)
@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a candidate passed; `reasons` are sentences that say why it did not.

    A candidate that could not be loaded has a reason and no figures. `votes_judged` are the
    held-out votes it was measured on.
    """

    passed: bool
    candidate: str
    champion: str
    seconds: float = 0.0
    figures: Sequence[GateFigure] = ()
    reasons: Sequence[str] = ()
    pairs: Sequence[Pair] = ()
    votes_judged: int = 0
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """The object that is kept."""
        return asdict(self)


_ADAPTER = TypeAdapter(Verdict)


def value_text(value: float, *, share: bool) -> str:
    """A figure's value as people read it."""
    return f"{100 * value:.1f} %" if share else f"{value:.3f}"


def read_verdict(path: Path) -> Verdict:
    """Read what `write_verdict` wrote. Raises `OSError`, or `ValueError` with a sentence."""
    try:
        verdict = _ADAPTER.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"{path} is no verdict of the gate ({where}: {first['msg']})") from None
    if verdict.schema > SCHEMA:
        raise ValueError(f"{path} was written by a newer Punchline (schema {verdict.schema})")
    return verdict


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write a verdict, whole or not at all. Raises `OSError`."""
    write_whole(path, json.dumps(verdict.to_json(), indent=2, ensure_ascii=False) + "\n")
