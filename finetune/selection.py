"""From candidates to jokes that may be told: complete, presentable, decent, best first."""

from collections.abc import Iterable
from dataclasses import dataclass

from finetune.candidates import Candidate
from finetune.moderation import Moderator, Tier, fingerprint, presentable
from finetune.template import EXAMPLES

__all__ = ["Choice", "Selector"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A candidate fit to be told; equal fingerprints are the same joke."""

    text: str
    fingerprint: str
    tokens: int
    score: float


class Selector:
    """Sorts out candidates for one content tier."""

    def __init__(self, *, moderator: Moderator, tier: Tier) -> None:
        self._moderator = moderator
        self._tier = tier
        self._examples = frozenset(fingerprint(joke) for _, joke in EXAMPLES)

    def choices(self, candidates: Iterable[Candidate], *, opening: str | None) -> list[Choice]:
        """The fit candidates, each joke once, by the model's own score.

        The examples an untaught model is shown are not jokes of its own.
        """
        fit: dict[str, Choice] = {}
        for candidate in candidates:
            text = presentable(candidate.text, opening=opening) if candidate.complete else None
            if text is None:
                continue
            choice = Choice(
                text=text,
                fingerprint=fingerprint(text),
                tokens=candidate.tokens,
                score=candidate.score,
            )
            if choice.fingerprint not in self._examples:
                fit.setdefault(choice.fingerprint, choice)
        ordered = sorted(fit.values(), key=lambda choice: choice.score, reverse=True)
        verdicts = self._moderator.verdicts([choice.text for choice in ordered], tier=self._tier)
        return [
            choice for choice, verdict in zip(ordered, verdicts, strict=True) if verdict.allowed
        ]

    def allows_prompt(self, text: str) -> bool:
        """Whether a topic or an opening is fit for the tier."""
        return self._moderator.allows_prompt(text, tier=self._tier)
