"""What a model wrote for a prompt."""

from dataclasses import dataclass

__all__ = ["Candidate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One decoded joke before anyone has looked at it.

    `score` is the model's mean log-probability per token (nats); `complete` says that the model
    ended the joke itself.
    """

    text: str
    tokens: int
    score: float
    complete: bool
