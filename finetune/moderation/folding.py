"""Undoes the ways a word is disguised, so that word lists need to know only its plain spelling."""

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from finetune.moderation.characters import forbidden_in

__all__ = ["Folded", "fold", "plain_letters"]

# Letters that look Latin but do not decompose to it.
_LOOKALIKES = {
    **dict(zip("авсԁеёһіїјкӏмнопрԛгѕтуѵԝхз", "abcdeehiijklmhonpqrstyvwxe", strict=True)),
    **dict(zip("αβγδεζηικλμνοπρστυχω", "abydezniklmvonpotuxw", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ıɩłøđɖħŧðþɡɑ", "iilodhhtdpga", strict=True)),
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
}

# Where A stands in each alphabet of letters drawn in a frame, and of the letters that make flags.
_FRAMED_A = (0x1F150, 0x1F170, 0x1F1E6)

_LEET = str.maketrans("0345678@$+€£!|9", "oeasgtbastelilg")
_ONE_AS = ("i", "l")
# What stands around a word and stands for no letter there.
_AROUND_WORD = string.punctuation.translate({ord(char): None for char in "@$+"}) + "“”‘’…–—«»"

_WORD_BREAK = re.compile(r"[^a-z0-9]+")
_WORD = re.compile(r"[a-z0-9]+")
_DISGUISED = re.compile(r"(?<!\S)(?=\S*[a-z])(?=\S*[0-9@$!|+€£])\S+")
_SPACED_OUT = re.compile(
    r"(?<![a-z0-9])[a-z0-9@$](?:[\s._*/\\|,~-]{1,3}[a-z0-9@$]){2,}(?![a-z0-9])"
)
_INNER_BREAK = re.compile(r"(?<=[a-z])[-._*~]+(?=[a-z])")
_RUN = re.compile(r"([a-z])\1\1+")
_INNER_MASK = re.compile(r"(?<=[a-z])_(?=[a-z])")
_MASKED = re.compile(r"[a-z][a-z*#%^@$]+")
_MASK = re.compile(r"[*#%^@$]")

_MOST_RUNS = 4


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as the word lists read it.

    `words` has one reading of the text a line, in a-z, 0-9 and single spaces; `masked` has the
    words with letters hidden behind an asterisk, one a line, empty when there are none.
    """

    words: str
    masked: str


def plain_letters(text: str) -> str:
    """The text in lower case without accents, lookalikes of Latin letters written as Latin."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return lowered.translate({ord(char): _plain(char) for char in set(lowered) if char > "\x7f"})


def fold(text: str) -> Folded:
    """Every reading of a text: as written, digits as letters, joined up, and not stretched.

    Takes time in proportion to the length of the text.
    """
    plain = plain_letters(text)
    readings = dict.fromkeys(_WORD_BREAK.sub(" ", reading).strip() for reading in _readings(plain))
    return Folded(words="\n".join(readings), masked="\n".join(dict.fromkeys(_masked(plain))))


def _readings(plain: str) -> Iterator[str]:
    spellings = [plain]
    if _DISGUISED.search(plain):
        spellings += [_without_leet(plain, one) for one in _ONE_AS]
    for spelling in dict.fromkeys(spellings):
        yield spelling
        yield from _joined(spelling)
        yield from _unstretched(spelling)


def _without_leet(plain: str, one: str) -> str:
    def decode(found: re.Match[str]) -> str:
        word = found[0].strip(_AROUND_WORD)
        return word.translate(_LEET).replace("1", one)

    return _DISGUISED.sub(decode, plain)


def _joined(spelling: str) -> Iterator[str]:
    for found in _SPACED_OUT.findall(spelling):
        word = _WORD_BREAK.sub("", found)
        yield word
        # "I" and "a" are words of their own beside a word that is spelt out.
        yield word.lstrip("ai")
        yield word.rstrip("ai")
    if _INNER_BREAK.search(spelling):
        yield _INNER_BREAK.sub("", spelling)


def _unstretched(spelling: str) -> Iterator[str]:
    if not _RUN.search(spelling):
        return
    for word in _WORD.findall(spelling):
        runs = len(_RUN.findall(word))
        if not runs:
            continue
        once_or_twice = product((1, 2), repeat=runs) if runs <= _MOST_RUNS else [(1,) * runs]
        for lengths in once_or_twice:
            yield _shortened(word, lengths)


def _shortened(word: str, lengths: Sequence[int]) -> str:
    remaining = iter(lengths)
    return _RUN.sub(lambda run: run[1] * next(remaining), word)


def _masked(plain: str) -> Iterator[str]:
    # An asterisk may also stand beside a word, so the text is read with and without asterisks.
    for reading in dict.fromkeys((plain, plain.replace("*", " "))):
        for found in _MASKED.findall(_INNER_MASK.sub("*", reading)):
            word = _MASK.sub("*", found)
            # A single one at the end closes a stage direction such as *bows*.
            word = word[:-1] if word.endswith("*") and not word.endswith("**") else word
            if "*" in word:
                yield word


@lru_cache(maxsize=8192)
def _plain(char: str) -> str:
    if char.isspace():
        return " "
    for first in _FRAMED_A:
        if first <= ord(char) < first + 26:
            return chr(ord("a") + ord(char) - first)
    decomposed = unicodedata.normalize("NFKD", char).lower()
    return "".join(
        _LOOKALIKES.get(part, part)
        for part in decomposed
        if unicodedata.category(part) != "Mn" and not forbidden_in(part)
    )
