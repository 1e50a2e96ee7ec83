"""The table of what became of the rows: counted while they pass, saved with the corpus."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finetune.corpus.filters import Dropped
from finetune.corpus.jokes import CorpusJoke

__all__ = ["SourceTally", "Tally"]

_MOST_EXAMPLES = 3
_LONGEST_EXAMPLE = 200
_TOP_TOPICS = 20
_NO_EXAMPLES = frozenset({Dropped.OFFENSIVE, Dropped.EMPTY})


@dataclass(slots=True)
class SourceTally:
    """What became of one source's rows."""

    rows: int = 0
    broken: int = 0
    dropped: Counter[Dropped] = field(default_factory=Counter)
    kept: int = 0

    def to_json(self) -> dict[str, Any]:
        """The object saved with the corpus; the counts of dropped rows have the causes' order."""
        return {
            "rows": self.rows,
            "broken": self.broken,
            "dropped": {cause.value: self.dropped[cause] for cause in Dropped},
            "kept": self.kept,
        }


@dataclass(slots=True)
class Tally:
    """Counts of everything; takes memory for the different topics and lengths only."""

    sources: dict[str, SourceTally] = field(default_factory=dict)
    examples: dict[Dropped, list[str]] = field(default_factory=dict)
    lengths: Counter[int] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    jokes: Counter[str] = field(default_factory=Counter)
    with_topic: int = 0

    def source(self, name: str) -> SourceTally:
        """The counts of this source."""
        return self.sources.setdefault(name, SourceTally())

    def drop(self, source: str, text: str, cause: Dropped) -> None:
        """Count a dropped row; what is offensive is not kept even as an example."""
        self.source(source).dropped[cause] += 1
        examples = self.examples.setdefault(cause, [])
        if cause not in _NO_EXAMPLES and len(examples) < _MOST_EXAMPLES:
            examples.append(text[:_LONGEST_EXAMPLE])

    def keep(self, joke: CorpusJoke, *, side: str) -> None:
        """Count a joke of the file `side`."""
        self.source(joke.source).kept += 1
        self.jokes[side] += 1
        self.lengths[len(joke.text.split())] += 1
        self.topics.update(joke.topics)
        self.with_topic += bool(joke.topics)

    @property
    def kept(self) -> int:
        """Jokes on both sides."""
        return sum(self.jokes.values())

    def to_json(self) -> dict[str, Any]:
        """The object saved with the corpus."""
        top = sorted(self.topics.items(), key=lambda item: (-item[1], item[0]))[:_TOP_TOPICS]
        return {
            "sources": {name: tally.to_json() for name, tally in self.sources.items()},
            "examples": {
                cause.value: self.examples[cause] for cause in Dropped if self.examples.get(cause)
            },
            "jokes": dict(self.jokes),
            "words": _distribution(self.lengths),
            "topics": {
                "share": self.with_topic / max(1, self.kept),
                "distinct": len(self.topics),
                "most_frequent": dict(top),
            },
        }


def _distribution(lengths: Mapping[int, int]) -> dict[str, float]:
    total = sum(lengths.values())
    if not total:
        return {}
    return {
        "min": min(lengths),
        "median": _quantile(lengths, 0.5 * total),
        "mean": round(sum(length * times for length, times in lengths.items()) / total, 2),
        "p95": _quantile(lengths, 0.95 * total),
        "max": max(lengths),
    }


def _quantile(lengths: Mapping[int, int], wanted: float) -> int:
    """The smallest length that at least `wanted` jokes do not exceed."""
    passed = 0
    for length in sorted(lengths):
        passed += lengths[length]
        if passed >= wanted:
            break
    return length
