"""From candidates to jokes that may be told: complete, presentable, new, decent, best first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from finetune.candidates import Candidate
from finetune.mentions import mentions
from finetune.moderation import Moderator, Tier, fingerprint, presentable
from finetune.novelty import NoveltyIndex
from finetune.template import EXAMPLES

__all__ = ["Choice", "Order", "Selector", "by_score"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A candidate fit to be told; equal fingerprints are the same joke.

    `on_topic` says that it mentions the topic, or that there is none.
    """

    text: str
    fingerprint: str
    tokens: int
    score: float
    on_topic: bool = True
    features: bytes | None = None


Order = Callable[[Sequence[Choice]], Sequence[Choice]]
"""Puts choices in the order in which they are to be told."""


def by_score(choices: Sequence[Choice]) -> Sequence[Choice]:
    """Those that mention the topic first, then by the model's own score."""
    return sorted(choices, key=lambda choice: (choice.on_topic, choice.score), reverse=True)


class Selector:
    """Sorts out candidates for one content tier.

    `novelty` knows the jokes the model was taught; without it nothing counts as copied.
    """

    def __init__(
        self, *, moderator: Moderator, tier: Tier, novelty: NoveltyIndex | None = None
    ) -> None:
        self._moderator = moderator
        self._tier = tier
        self._novelty = novelty
        self._examples = frozenset(fingerprint(joke) for _, joke in EXAMPLES)

    def choices(
        self, candidates: Iterable[Candidate], *, opening: str | None, topic: str | None = None
    ) -> list[Choice]:
        """The fit candidates, each joke once, in the order of `by_score`."""
        return list(self.fit(candidates, opening=opening, topic=topic, order=by_score))

    def fit(
        self,
        candidates: Iterable[Candidate],
        *,
        opening: str | None,
        topic: str | None,
        order: Order,
    ) -> Iterator[Choice]:
        """The fit candidates, each joke once, judged one by one as they are asked for.

        Judging costs most of it, and who tells one joke seldom needs more than the first. Neither
        the training jokes nor the examples an untaught model is shown are jokes of its own.
        """
        presented: dict[str, Choice] = {}
        for candidate in candidates:
            choice = self._presented(candidate, opening, topic)
            if choice is not None:
                presented.setdefault(choice.fingerprint, choice)
        for choice in order(list(presented.values())):
            if self._is_own(choice, opening) and self._is_decent(choice):
                yield choice

    def allows_prompt(self, text: str) -> bool:
        """Whether a topic or an opening is fit for the tier."""
        return self._moderator.allows_prompt(text, tier=self._tier)

    def _presented(
        self, candidate: Candidate, opening: str | None, topic: str | None
    ) -> Choice | None:
        text = presentable(candidate.text, opening=opening) if candidate.complete else None
        if text is None:
            return None
        return Choice(
            text=text,
            fingerprint=fingerprint(text),
            tokens=candidate.tokens,
            score=candidate.score,
            on_topic=topic is None or mentions(text, topic),
            features=candidate.features,
        )

    def _is_decent(self, choice: Choice) -> bool:
        (verdict,) = self._moderator.verdicts([choice.text], tier=self._tier)
        return verdict.allowed

    def _is_own(self, choice: Choice, opening: str | None) -> bool:
        copied = self._novelty is not None and self._novelty.copies(choice.text, opening=opening)
        return choice.fingerprint not in self._examples and not copied
