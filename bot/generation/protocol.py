"""What the bot and a worker process say to each other: one JSON object a line, on pipes.

The worker reads orders from standard input and writes reports to standard output; its logs go
to standard error. When its standard input ends, the worker exits.
"""

import base64
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from finetune.candidates import Candidate

__all__ = [
    "Broken",
    "Cancel",
    "Embed",
    "Embedded",
    "Failed",
    "Generate",
    "KnownJoke",
    "Lost",
    "Order",
    "Ping",
    "Pong",
    "ProtocolError",
    "Ready",
    "Report",
    "Result",
    "Room",
    "Sampling",
    "decode_order",
    "decode_report",
    "encode",
]


class ProtocolError(Exception):
    """A line that is not a message of this protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How tokens are drawn; temperature 0 is greedy, top_k 0 is no limit."""

    temperature: float
    top_k: int
    top_p: float
    max_tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Generate:
    """Order: `count` candidates for one prompt; `request` is what log lines about it name."""

    id: str
    topic: str | None
    opening: str | None
    count: int
    seed: int
    sampling: Sampling
    request: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownJoke:
    """A joke there is already, whoever told it, and what was asked for."""

    text: str
    topic: str | None = None
    opening: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Embed:
    """Order: the features of jokes, worked out when decoding leaves time for it."""

    id: str
    jokes: tuple[KnownJoke, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel:
    """Order: forget a `Generate` or an `Embed`; nothing is reported for it any more."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """Order: answer with a `Pong` between two decoding steps."""

    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """Report: the model is loaded; sent once, first."""

    version: str
    device: str
    dtype: str
    slots: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Report: the model cannot be served, in a sentence; the worker exits."""

    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Report: the candidates of a `Generate`; `seconds` runs from its arrival in the worker.

    `steps` and `tokens` are what was decoded since the report before, for whomever: `tokens` by
    `steps` is how many candidates shared a batch.
    """

    id: str
    candidates: tuple[Candidate, ...]
    seconds: float
    steps: int = 0
    tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """Report: the features of an `Embed`'s jokes, None for one that has none."""

    id: str
    features: tuple[bytes | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """Report: this one request cannot be generated; `too_long` says that its prompt is why."""

    id: str
    too_long: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Report: this one request failed as at a worker's death, and the others go on.

    Nothing more may be sent for so many `seconds`.
    """

    id: str
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Report: from now on there is room for so many candidates at the same time."""

    slots: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pong:
    """Report: alive and decoding; `steps` and `tokens` as in `Result`."""

    number: int
    steps: int = 0
    tokens: int = 0


Order = Generate | Embed | Cancel | Ping
Report = Ready | Broken | Result | Embedded | Failed | Lost | Room | Pong

_ORDERS: dict[str, type[Order]] = {
    "generate": Generate,
    "embed": Embed,
    "cancel": Cancel,
    "ping": Ping,
}
_REPORTS: dict[str, type[Report]] = {
    "ready": Ready,
    "broken": Broken,
    "result": Result,
    "embedded": Embedded,
    "failed": Failed,
    "lost": Lost,
    "room": Room,
    "pong": Pong,
}


def encode(message: Order | Report) -> bytes:
    """One line, newline included."""
    kind = type(message).__name__.lower()
    return json.dumps({"kind": kind, **asdict(message)}, default=_as_text).encode() + b"\n"


def decode_order(line: bytes) -> Order:
    """Read what the bot sent. Raises `ProtocolError`."""
    content = _content(line)
    try:
        kind = _ORDERS[content.pop("kind")]
        if kind is Generate:
            content["sampling"] = Sampling(**content["sampling"])
        if kind is Embed:
            content["jokes"] = tuple(KnownJoke(**each) for each in content["jokes"])
        return kind(**content)
    except (KeyError, TypeError) as error:
        raise ProtocolError(f"not an order: {line[:200]!r}") from error


def decode_report(line: bytes) -> Report:
    """Read what a worker sent. Raises `ProtocolError`."""
    content = _content(line)
    try:
        kind = _REPORTS[content.pop("kind")]
        if kind is Result:
            content["candidates"] = tuple(map(_candidate, content["candidates"]))
        if kind is Embedded:
            content["features"] = tuple(map(_bytes, content["features"]))
        return kind(**content)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"not a report: {line[:200]!r}") from error


def _content(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {line[:200]!r}") from error
    if not isinstance(content, dict):
        raise ProtocolError(f"not an object: {line[:200]!r}")
    return content


def _candidate(content: dict[str, Any]) -> Candidate:
    candidate = Candidate(**content)
    # On the wire they are text.
    return replace(candidate, features=_bytes(cast("str | None", candidate.features)))


def _as_text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
