"""The word lists the corpus is prepared with."""

from collections.abc import Sequence
from importlib import resources

__all__ = ["topic_nouns", "topic_stopwords"]


def topic_nouns() -> Sequence[str]:
    """Nouns a joke can be about, the most common first, then phrases of two words."""
    return _lines("topic_nouns")


def topic_stopwords() -> Sequence[str]:
    """Words that are never a topic; most common English words are among them."""
    return _lines("topic_stopwords")


def _lines(name: str) -> Sequence[str]:
    path = resources.files("finetune") / "corpus" / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in (line.partition("#")[0].strip() for line in lines) if line]
