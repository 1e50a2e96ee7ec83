"""What a server takes, and how it refuses everything else."""

from collections.abc import Callable, Collection
from typing import Any

from aiohttp import web

__all__ = ["Refusal", "checked_completion", "checked_key"]


class Refusal(Exception):  # noqa: N818 - reads as what has happened
    """An answer with an error in OpenAI's form."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.response = web.json_response(
            {"error": {"message": message, "type": "error", "code": status}},
            status=status,
            headers=headers,
        )


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _stops(value: Any) -> bool:
    texts = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    return texts and 1 <= len(value) <= 4


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "model": lambda value: isinstance(value, str),
    "prompt": lambda value: isinstance(value, str) and value != "",
    "max_tokens": _whole(1, 4096),
    "temperature": _number(0, 2),
    "top_p": _number(1e-9, 1),
    "top_k": _whole(0, 1 << 20),
    "min_p": _number(0, 1),
    "seed": _whole(0, (1 << 31) - 1),
    "n": _whole(1, 128),
    "logprobs": _whole(0, 5),
    "stop": _stops,
}
_NEEDED = frozenset(("model", "prompt"))


def checked_key(request: web.Request, key: str | None) -> None:
    """Raises `Refusal` for another key than this."""
    if key is not None and request.headers.get("Authorization") != f"Bearer {key}":
        raise Refusal(401, "Unauthorized")


async def checked_completion(
    request: web.Request, *, models: Collection[str], refuses: Collection[str]
) -> dict[str, Any]:
    """The fields of a request that is in order. Raises `Refusal`."""
    asked = await request.json()
    if not isinstance(asked, dict) or not asked.keys() >= _NEEDED:
        raise Refusal(400, "model and prompt are needed")
    for name, value in asked.items():
        if name in refuses or name not in _FIELDS:
            raise Refusal(400, f"{name} is not supported")
        if not _FIELDS[name](value):
            raise Refusal(422, f"{name} cannot be {value!r}")
    if asked["model"] not in models:
        raise Refusal(404, f"The model `{asked['model']}` does not exist.")
    if asked.get("n", 1) > 1 and asked.get("temperature") == 0:
        raise Refusal(400, "n must be 1 when using greedy sampling")
    if len(asked["prompt"]) > 20_000:
        raise Refusal(400, "This model's maximum context length is 5000 tokens.")
    return asked
