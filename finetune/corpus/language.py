"""Tells English from other languages."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from finetune.corpus.wordlists import topic_nouns, topic_stopwords

__all__ = ["English"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LEAST_ASCII = 0.9
_LEAST_COMMON = 0.12
_LEAST_KNOWN = 0.5

# Words that hardly any English text of some length lacks and that other languages do not share:
# "in", "die", "was", "me" or "no" would also be found in German or Spanish.
_COMMON = frozenset(
    """
    the and of to is it you that he for are with his they at be this have from or had by but
    what some we can out other were all there when up use your how said each she which their if
    will way about many then them would like these her him into time has look two more go see
    than been who its now find down did get made may part i i'm i'd i'll i've my it's don't
    can't didn't doesn't isn't won't wasn't you're he's she's that's what's there's they're
    we're couldn't wouldn't just as our because why where after before not do does got know
    think one every never always people should could only over around again off yo mama call
    called knock
    """.split()  # noqa: SIM905 - reads better than a hundred strings
)


@dataclass(frozen=True, kw_only=True)
class English:
    """Tells English by its words, which is quick and always gives the same answer.

    Language identification models are unreliable on a dozen words with names and puns in them.
    """

    vocabulary: Collection[str]

    @classmethod
    def load(cls) -> Self:
        """English as the word lists know it that ship with Punchline."""
        return cls(vocabulary=frozenset(topic_nouns()) | frozenset(topic_stopwords()) | _COMMON)

    def recognises(self, text: str) -> bool:
        """Whether nine letters of ten are plain ASCII and the words look English.

        That is, one word in eight is among the commonest, or half of them are known at all.
        """
        words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
        letters = "".join(words)
        if not letters or sum(map(str.isascii, letters)) < _LEAST_ASCII * len(letters):
            return False
        common = sum(word in _COMMON for word in words)
        known = sum(word in self.vocabulary for word in words)
        return common >= max(1.0, _LEAST_COMMON * len(words)) or known >= _LEAST_KNOWN * len(words)
