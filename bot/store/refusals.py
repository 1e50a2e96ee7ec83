"""What the store refuses to write: text and numbers that no database could give back unchanged."""

import math
import re

from bot.jokes import Community, JokeRequest
from bot.store.port import ToldJoke, UnknownJoke
from bot.store.shelf_port import Draw

__all__ = [
    "check_community",
    "check_joke_id",
    "check_request",
    "check_shelved",
    "check_text",
    "check_told",
    "check_value",
]

_LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def check_text(*texts: str | None) -> None:
    """Raise `ValueError` for NUL characters and lone surrogates."""
    for text in texts:
        if text is not None and _UNSTORABLE.search(text):
            raise ValueError("Text with NUL characters or lone surrogates cannot be stored.")


def check_community(community: Community) -> None:
    """Raise `ValueError` for a community whose names cannot be stored."""
    check_text(community.front, community.key)


def check_request(request: JokeRequest) -> None:
    """Raise `ValueError` for a request that cannot be stored as it is."""
    check_community(request.community)
    check_text(request.member, request.topic, request.opening, request.address, request.origin)
    if request.seed is not None and abs(request.seed) > _LARGEST:
        raise ValueError("A seed has at most 63 bits.")


def check_told(told: ToldJoke) -> None:
    """Raise `ValueError` for a joke that cannot be stored as it is."""
    check_text(told.text, told.fingerprint, told.model_version)
    if not (math.isfinite(told.score) and math.isfinite(told.seconds)):
        raise ValueError("A joke's score and seconds are finite numbers.")


def check_shelved(draw: Draw) -> None:
    """Raise `ValueError` for a draw that cannot be stored as it is."""
    check_text(draw.version, draw.recipe)
    for joke in draw.jokes:
        check_text(joke.choice.text, joke.choice.fingerprint)
        if not math.isfinite(joke.choice.score):
            raise ValueError("A joke's score is a finite number.")


def check_joke_id(joke_id: int) -> None:
    """Raise `UnknownJoke` for a number no joke can have; members type these."""
    if not 0 < joke_id <= _LARGEST:
        raise UnknownJoke(f"There is no joke {joke_id}.")


def check_value(value: int) -> None:
    """Raise `ValueError` unless this is a vote: +1, -1, or 0."""
    if value not in (-1, 0, 1):
        raise ValueError("A vote is +1, -1 or 0.")
