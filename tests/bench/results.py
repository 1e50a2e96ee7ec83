"""What a run of the benchmarks found, and where it is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = [
    "BesideRun",
    "BesideTurn",
    "CandidatesRound",
    "EngineRound",
    "EngineRun",
    "IdleRound",
    "MembersRound",
    "MembersTurn",
    "MemorySample",
    "PreparingRun",
    "QualityLine",
    "RayRound",
    "RayTurn",
    "ServiceRound",
    "TrainingRound",
    "TrainingRun",
    "TrainingSpeed",
    "timestamp",
    "write_results",
]


@dataclass(frozen=True, kw_only=True)
class QualityLine:
    """One way to serve: loss in nats a token, and how far its predictions are from float32's.

    `divergence` is the mean KL to float32 in nats a token; `agreement` how often the likeliest
    token is the same.
    """

    name: str
    loss: float
    divergence: float
    agreement: float
    tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRound:
    """One round: seconds a `tell`, a bare disk flush and an event loop's delay took; rates."""

    tell_seconds: list[float]
    shelf_seconds: list[float]
    flush_seconds: list[float]
    jokes_per_second: float
    jokes_lag_seconds: list[float]
    shelf_per_second: float
    shelf_lag_seconds: list[float]
    votes_per_second: float
    votes_lag_seconds: list[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineRound:
    """Tokens a second of each engine, measured one right after the other."""

    concurrency: int
    tokens_per_second: dict[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineRun:
    """All rounds and what they ran on; `absent` says which engines are not installed."""

    model: str
    device: str
    new_tokens: int
    prompt_tokens: list[int]
    absent: list[str]
    rounds: list[EngineRound]


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidatesRound:
    """Seconds a lone request took with one candidate and with some."""

    one_seconds: float
    some_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class IdleRound:
    """Seconds the same request took alone and in the middle of a draw, and a draw left alone."""

    alone_seconds: float
    during_seconds: float
    draw_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MembersTurn:
    """Seconds each joke took its member and all took together; the event loop's delays."""

    seconds: list[float]
    took_seconds: float
    lag_seconds: list[float]

    @property
    def jokes_a_minute(self) -> float:
        """Of all members together."""
        return 60 * len(self.seconds) / self.took_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class MembersRound:
    """Both bots, measured one right after the other."""

    ours: MembersTurn
    theirs: MembersTurn


@dataclass(frozen=True, kw_only=True, slots=True)
class RayTurn:
    """Seconds a request for one token took alone, and tokens a second of many jokes together."""

    token_seconds: list[float]
    tokens_per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RayRound:
    """A worker here and a replica on Ray, measured one right after the other."""

    here: RayTurn
    ray: RayTurn


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRound:
    """How fast each contender was, measured one right after the other."""

    speeds: dict[str, "TrainingSpeed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingSpeed:
    """Joke tokens and all tokens a second, without padding; `padding` is its share of positions.

    `ready_seconds` passed before the second step could begin, loading not counted.
    """

    joke_tokens: float
    tokens: float
    padding: float
    ready_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRun:
    """All rounds and what they ran on."""

    model: str
    device: str
    dtype: str
    threads: int
    sequence_tokens: int
    rounds: list[TrainingRound]


@dataclass(frozen=True, kw_only=True, slots=True)
class BesideTurn:
    """Seconds each joke took while a version was taught in one way; `steps` is what it did.

    `steps` is None where none was taught.
    """

    kind: str
    seconds: list[float]
    took_seconds: float
    steps: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BesideRun:
    """All turns of all rounds, and what they ran on."""

    model: str
    device: str
    members: int
    turns: list[BesideTurn]


@dataclass(frozen=True, kw_only=True, slots=True)
class MemorySample:
    """What all processes held when so many rows were done."""

    rows: int
    seconds: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparingRun:
    """One preparation, from the start of the process to its end.

    `growth_per_row` is what memory grew by in the second half, in bytes a row.
    """

    seconds: float
    processor_seconds: float
    rows: int
    kept: int
    dropped: dict[str, int]
    samples: list[MemorySample]
    growth_per_row: float | None


def timestamp() -> str:
    """Now, in UTC, fit for a file's name."""
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def write_results(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON; makes the directory if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
