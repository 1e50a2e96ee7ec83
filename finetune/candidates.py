"""What a model wrote for a prompt."""

from dataclasses import dataclass

__all__ = ["Candidate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One decoded joke before anyone has looked at it.

    `score` is the model's mean log-probability per token (nats); `complete` says that the model
    ended the joke itself. `features` are what the model makes of the joke, float16 numbers in
    little-endian order, or None where an engine gives none.
    """

    text: str
    tokens: int
    score: float
    complete: bool
    features: bytes | None = None
