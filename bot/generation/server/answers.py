"""What a server's answers say, whatever it sends: values, or one plain complaint."""

import email.utils
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

__all__ = [
    "Completion",
    "ListedModel",
    "Malformed",
    "Refused",
    "complaint_of",
    "completions_of",
    "models_of",
    "seconds_to_wait",
]

_SHOWN = 200
_BUSY_SECONDS = 1.0
_LONGEST_WAIT = 600.0
"""A server that says longer is asked again after that."""


class Malformed(Exception):  # noqa: N818 - reads as what has happened
    """An answer that is not what the interface promises; the message says how."""


class Refused(Exception):  # noqa: N818 - reads as what has happened
    """The server answered with an error: its status, its words, and when to ask again."""

    def __init__(self, status: int, detail: str, *, seconds: float = 0.0) -> None:
        super().__init__(f"it answered {status}: {detail}")
        self.status = status
        self.detail = detail
        self.seconds = seconds

    @property
    def gone(self) -> bool:
        """Whether the whole server does not serve, and not only this request."""
        return self.status in _GONE

    @property
    def shut(self) -> bool:
        """Whether it would answer nobody with this key, or knows no such model."""
        return self.status in _SHUT

    @property
    def ours(self) -> bool:
        """Whether it is the request that cannot be answered."""
        return self.status in _OURS

    @property
    def busy(self) -> bool:
        """Whether it takes no more requests just now."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS


_GONE = frozenset(
    (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
)
_SHUT = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND))
_OURS = frozenset(
    (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedModel:
    """A model that a server offers; `root` is the path of an adapter's files where it says that."""

    name: str
    owner: str
    root: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """One text; `score` is its mean log-probability per token, None where the server gives none."""

    text: str
    tokens: int
    score: float | None
    complete: bool


def models_of(body: bytes) -> list[ListedModel]:
    """What `/models` lists. Raises `Malformed`."""
    listed = _content(body).get("data")
    if not isinstance(listed, list):
        raise Malformed("its list of models is none")
    return [
        ListedModel(
            name=model["id"], owner=_text(model.get("owned_by")), root=_text(model.get("root"))
        )
        for model in listed
        if isinstance(model, dict) and isinstance(model.get("id"), str)
    ]


def completions_of(body: bytes) -> list[Completion]:
    """What `/completions` made, at least one. Raises `Malformed`."""
    content = _content(body)
    choices = content.get("choices")
    if not isinstance(choices, list) or not choices:
        raise Malformed("its answer holds no choices")
    usage = content.get("usage")
    spent = usage.get("completion_tokens") if isinstance(usage, dict) else None
    each = _count(spent) // len(choices)
    return [_completion(choice, usual_tokens=each) for choice in choices]


def complaint_of(body: bytes) -> str:
    """What an error's body says, on one short line."""
    try:
        content = _content(body)
    except Malformed:
        return _line(body.decode(errors="replace"))
    error = content.get("error", content)
    if isinstance(error, dict):
        error = error.get("message", error.get("detail", error))
    return _line(error if isinstance(error, str) else json.dumps(error))


def seconds_to_wait(status: int, headers: Mapping[str, str], *, today: datetime) -> float:
    """When to ask again after an error: what Retry-After says, seconds or a date, within reason."""
    said = headers.get("Retry-After", "").strip()
    seconds = _seconds(said, today)
    if seconds is None:
        return _BUSY_SECONDS if status == HTTPStatus.TOO_MANY_REQUESTS else 0.0
    return min(max(0.0, seconds), _LONGEST_WAIT)


def _seconds(said: str, today: datetime) -> float | None:
    try:
        seconds = float(said)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(said)
        except ValueError:
            return None
        return (then.replace(tzinfo=then.tzinfo or UTC) - today).total_seconds()
    return seconds if math.isfinite(seconds) else None


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"its answer is not JSON: {_line(repr(body[:80]))}") from error
    if not isinstance(content, dict):
        raise Malformed("its answer is not a JSON object")
    return content


def _completion(choice: Any, *, usual_tokens: int) -> Completion:
    text = choice.get("text") if isinstance(choice, dict) else None
    if not isinstance(text, str):
        raise Malformed("a choice of its answer has no text")
    logprobs = _logprobs(choice.get("logprobs"))
    return Completion(
        text=text,
        tokens=max(1, len(logprobs) or usual_tokens or len(text.split())),
        score=sum(logprobs) / len(logprobs) if logprobs else None,
        complete=choice.get("finish_reason") in ("stop", "eos_token", "stop_sequence"),
    )


def _logprobs(given: Any) -> list[float]:
    """Of each token, in the form of completions or in that of chats, or nothing."""
    if not isinstance(given, dict):
        return []
    numbers = given.get("token_logprobs")
    if numbers is None and isinstance(given.get("content"), list):
        numbers = [each.get("logprob") for each in given["content"] if isinstance(each, dict)]
    if not isinstance(numbers, list):
        return []
    return [float(number) for number in numbers if _is_logprob(number)]


def _is_logprob(number: Any) -> bool:
    # A JSON integer can be too large for any float, and a token of no probability says nothing.
    sound = isinstance(number, int | float) and not isinstance(number, bool)
    return sound and -1e6 < number <= 1e-3  # noqa: PLR2004 - rounding may lift certainty above 0


def _count(number: Any) -> int:
    """A number of tokens, or 0 for what is none."""
    return number if isinstance(number, int) and 0 <= number < 1 << 31 else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
