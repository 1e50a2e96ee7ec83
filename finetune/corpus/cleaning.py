"""All that can be said of a row by itself, so that rows can be cleaned side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from finetune.corpus.duplicates import Sketch, Sketcher
from finetune.corpus.filters import Dropped, Filters
from finetune.corpus.language import English
from finetune.corpus.repair import repair
from finetune.corpus.sources import RawJoke
from finetune.corpus.topics import TopicFinder
from finetune.moderation import Moderator, Tier

__all__ = ["CleanRow", "Cleaner", "CleaningRules"]


@dataclass(frozen=True, kw_only=True)
class CleaningRules:
    """What a joke must be like; see `Filters`."""

    tier: Tier | None
    max_words: int
    english: bool


@dataclass(frozen=True, slots=True)
class CleanRow:
    """A repaired joke with what else is kept of it, or the `cause` it is dropped for."""

    text: str
    rating: float | None
    cause: Dropped | None
    sketch: Sketch | None = None
    topics: tuple[str, ...] = ()


class Cleaner:
    """Repairs and filters rows, and finds the topics of those that are fit."""

    def __init__(self, *, filters: Filters, finder: TopicFinder) -> None:
        self._filters = filters
        self._finder = finder
        self._sketcher = Sketcher()

    @classmethod
    def load(cls, rules: CleaningRules) -> Self:
        """The cleaner with the lists and the classifier that ship; takes seconds."""
        return cls(
            filters=Filters(
                moderator=None if rules.tier is None else Moderator.load(),
                tier=rules.tier,
                longest=rules.max_words,
                english=English.load() if rules.english else None,
            ),
            finder=TopicFinder.load(),
        )

    def rows(self, jokes: Sequence[RawJoke]) -> list[CleanRow]:
        """One clean row for each joke, in order."""
        texts = [repair(joke.text) for joke in jokes]
        causes = self._filters.causes(texts)
        return [
            CleanRow(text, joke.rating, cause)
            if cause
            else CleanRow(
                text, joke.rating, None, self._sketcher.sketch(text), self._finder.topics(text)
            )
            for joke, text, cause in zip(jokes, texts, causes, strict=True)
        ]
