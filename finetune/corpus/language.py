"""Tells English from other languages."""

import re

__all__ = ["is_english"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LEAST_ASCII = 0.9
_LEAST_COMMON = 0.12

# Words that hardly any English text of some length lacks and that other languages do not share:
# "in", "die", "was", "me" or "no" would also be found in German or Spanish.
_COMMON = frozenset(
    """
    the and of to is it you that he for are with his they at be this have from or had by but what
    some we can out other were all there when up use your how said each she which their if will way
    about many then them would like these her him into time has look two more go see than been who
    its now find down did get made may part i i'm i'd i'll i've my it's don't can't didn't doesn't
    isn't won't wasn't you're he's she's that's what's there's they're we're couldn't wouldn't just
    as our because why where after before not do does got know think one every never always people
    should could only over around again off yo mama call called knock
    """.split()
)


def is_english(text: str) -> bool:
    """Whether letters and words look English; takes no model, so it is quick and always the same.

    At least nine letters of ten are plain ASCII, and about one word in eight is among the most
    common English words, at least one in a text of a few words. Language identification models are
    unreliable on texts of a dozen words with names and puns in them.
    """
    words = _WORD.findall(text.lower())
    letters = "".join(words)
    if not letters or sum(map(str.isascii, letters)) < _LEAST_ASCII * len(letters):
        return False
    common = sum(word.replace("’", "'") in _COMMON for word in words)
    return common >= max(1.0, _LEAST_COMMON * len(words))
