"""Finds the words a member would type to be told this joke."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from finetune.corpus.wordlists import topic_nouns, topic_stopwords

__all__ = ["TopicFinder"]

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SHORTEST = 3
_MOST = 2
_COMMONEST = 300
"""Nouns in this first part of the list give way to rarer ones; further down all are alike."""
_REPEATED = 150
_PHRASE = 200
"""What a repeated word and a phrase are worth, in places of the list."""


@dataclass(frozen=True, slots=True)
class _Found:
    topic: str
    start: int
    end: int
    worth: int


@dataclass(frozen=True, kw_only=True)
class TopicFinder:
    """Knows nouns by a list, since taggers need a model and err on puns and short texts.

    `nouns` has the place of each noun and each phrase of two words in a list that begins with the
    most common; `stopwords` are never topics, neither alone nor in a name of the text's own.
    """

    nouns: Mapping[str, int]
    stopwords: Collection[str]

    @classmethod
    def load(cls) -> Self:
        """The finder with the lists that ship with Punchline."""
        stopwords = frozenset(topic_stopwords())
        nouns = {noun: place for place, noun in enumerate(topic_nouns())}
        return cls(
            nouns={noun: at for noun, at in nouns.items() if noun not in stopwords},
            stopwords=stopwords,
        )

    def topics(self, text: str) -> tuple[str, ...]:
        """None to two topics in lower case as they stand in the joke, the best first."""
        words = list(_WORD.finditer(text.replace("’", "'")))
        found = self._phrases(text, words) + self._nouns(words) + self._names(text, words)
        times = Counter(each.topic for each in found)
        found.sort(key=lambda each: (-each.worth - _REPEATED * (times[each.topic] > 1), each.start))
        chosen: list[_Found] = []
        for each in found:
            if len(chosen) < _MOST and not any(_overlap(each, other) for other in chosen):
                chosen.append(each)
        return tuple(each.topic for each in chosen)

    def _phrases(self, text: str, words: list[re.Match[str]]) -> list[_Found]:
        together = [(a, b) for a, b in pairwise(words) if text[a.end() : b.start()] in (" ", "-")]
        topics = [(f"{a[0]} {b[0]}".lower(), a.start(), b.end()) for a, b in together]
        return [
            _Found(topic, start, end, min(self.nouns[topic], _COMMONEST) + _PHRASE)
            for topic, start, end in topics
            if topic in self.nouns and topic in text.lower()
        ]

    def _nouns(self, words: list[re.Match[str]]) -> list[_Found]:
        own = [(word[0].lower().removesuffix("'s"), word) for word in words]
        return [
            _Found(noun, word.start(), word.start() + len(noun), min(self.nouns[noun], _COMMONEST))
            for noun, word in own
            if noun in self.nouns
        ]

    def _names(self, text: str, words: list[re.Match[str]]) -> list[_Found]:
        """Capitalised words in the middle of a sentence that is not all in capitals."""
        found = []
        for before, word in pairwise(words):
            name = word[0].removesuffix("'s")
            if (
                len(name) > _SHORTEST
                and name[0].isupper()
                and name[1:].islower()
                and before[0].islower()
                and before[0] != "by"  # invented authors of invented books are puns
                and text[before.end() : word.start()] == " "
                and name.lower() not in self.nouns
                and name.lower() not in self.stopwords
            ):
                end = word.start() + len(name)
                found.append(_Found(name.lower(), word.start(), end, _COMMONEST))
        return found


def _overlap(one: _Found, other: _Found) -> bool:
    """Whether two share letters or a word, a plural counting as the same word."""
    shared = _stems(one.topic) & _stems(other.topic)
    return bool(shared) or (one.start < other.end and other.start < one.end)


def _stems(topic: str) -> set[str]:
    return {word.removesuffix("s") for word in topic.split()}
