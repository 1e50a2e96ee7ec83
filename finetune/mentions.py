"""Tells whether a joke is about what was asked for."""

from collections.abc import Sequence
from functools import lru_cache

from snowballstemmer.english_stemmer import EnglishStemmer

from finetune.words import words

__all__ = ["mentions"]

_FUNCTION_WORDS = frozenset(
    """
    a about all also am an and any are as at be been being but by can do does for from had has have
    he her hers him his how i i'd i'll i'm i've if in is it it's its just me mine my of on one or
    our ours out over she so some that that's the their theirs them these they this those to too
    under up us very was we were what what's when where which who who's why will with would you
    your yours
    """.split()  # noqa: SIM905 - reads better than ninety strings
)


def mentions(joke: str, topic: str) -> bool:
    """Whether every content word of the topic stands in the joke, compared by stem.

    "my dog" asks for dog only; a topic of nothing but function words asks for all of them, and one
    without any word, such as an emoji, has to stand in the joke as it is. Stems are those of the
    English Snowball stemmer (Porter 2001, https://snowballstem.org/texts/introduction.html).
    """
    wanted = _wanted(topic)
    if not wanted:
        return topic in joke
    # A stem begins with the letter its word begins with, so few words of a joke need stemming.
    initials = {stem[0] for stem in wanted}
    return wanted <= {_stem(word) for word in words(joke) if word[0] in initials}


@lru_cache(maxsize=1024)
def _wanted(topic: str) -> frozenset[str]:
    return frozenset(map(_stem, _content_words(words(topic))))


def _content_words(asked: Sequence[str]) -> Sequence[str]:
    return [word for word in asked if word not in _FUNCTION_WORDS] or asked


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    # A stemmer remembers the word it works on, so threads may not share one; making one is quick.
    stem: str = EnglishStemmer().stemWord(word)
    return stem or word
