"""What `python -m tests.scaling measure` found, as it stands in `measured.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MEASURED", "Measured", "StoredBytes", "read_measured"]

MEASURED = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, kw_only=True)
class StoredBytes:
    """Bytes of SQLite's file, indexes included: a joke with its post and features, and a vote.

    `features` is the part of the joke that is the model's hidden state.
    """

    joke: float
    vote: float
    features: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What jokes are like and what they take.

    `draws` has for each request the tokens its candidates drew, the end included. `redrawn` is the
    share of requests of whose candidates none could be told, `unfit` that of candidates.
    """

    machine: dict[str, Any]
    draws: list[list[int]]
    redrawn: float
    unfit: float
    stored: StoredBytes


def read_measured(path: Path = MEASURED) -> Measured:
    """What was measured last."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Measured(**{**found, "stored": StoredBytes(**found["stored"])})
