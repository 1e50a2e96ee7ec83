"""Finds the loops a language model falls into."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["is_looping"]

_WORD = re.compile(r"\w+(?:'\w+)*")
_LONG_RUN_WORDS = 3
_LONG_RUN_TIMES = 3
_SHORT_RUN_TIMES = 8
_LONGEST_RUN = 40
_LINE_TIMES = 3
_PHRASE_WORDS = 4
_PHRASE_TIMES = 5
# Whatever loops but a line says each of its words this often; most jokes say none so often.
_FEWEST_TIMES = min(_LONG_RUN_TIMES, _SHORT_RUN_TIMES, _PHRASE_TIMES)
_SAME_CHARACTERS = re.compile(r"(\S)\1{39}")


def is_looping(text: str) -> bool:
    """Whether a run of words or a line comes over and over.

    A run of three words or more loops when it stands three times in a row, a shorter one at eight;
    a line of three words or more when it comes twice in a row or three times in all; four words
    when they come five times anywhere. Knock-knock jokes stay below all of these.
    """
    if _SAME_CHARACTERS.search(text) is not None or _has_looping_line(text):
        return True
    words = _WORD.findall(text.lower())
    if not words or max(Counter(words).values()) < _FEWEST_TIMES:
        return False
    return _has_looping_run(words) or _has_looping_phrase(words)


def _has_looping_run(words: Sequence[str]) -> bool:
    for length in range(1, min(_LONGEST_RUN, len(words) // 2) + 1):
        times = _LONG_RUN_TIMES if length >= _LONG_RUN_WORDS else _SHORT_RUN_TIMES
        enough = length * (times - 1)
        repeated = 0
        for word, later in zip(words, words[length:], strict=False):
            repeated = repeated + 1 if word == later else 0
            if repeated >= enough:
                return True
    return False


def _has_looping_phrase(words: Sequence[str]) -> bool:
    phrases = Counter(zip(*(words[start:] for start in range(_PHRASE_WORDS)), strict=False))
    return bool(phrases) and max(phrases.values()) >= _PHRASE_TIMES


def _has_looping_line(text: str) -> bool:
    written = text.lower().splitlines()
    if len(written) == 1:
        return False
    lines = [" ".join(_WORD.findall(line)) for line in written]
    long_lines = [line for line in lines if line.count(" ") >= _LONG_RUN_WORDS - 1]
    if any(line == following for line, following in pairwise(long_lines)):
        return True
    return bool(long_lines) and max(Counter(long_lines).values()) >= _LINE_TIMES
