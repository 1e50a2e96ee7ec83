"""A list of words and phrases as one regular expression."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Self

from finetune.moderation.folding import Folded, plain_letters

__all__ = ["Wordlist"]

_SHORTEST_MASKED = 3

_WORD = re.compile("[a-z0-9]+")
_NEVER = "(?!)"
_WORD_START = "(?<![a-z0-9*])"
_WORD_END = "(?![a-z0-9*])"
_ANY_ENDING = "[a-z0-9]*"
_PLURAL = f"[sz]?{_WORD_END}"
_PLURAL_AFTER_HISS = f"(?:e?[sz])?{_WORD_END}"
_HISSES = frozenset("sxzho")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wordlist:
    """Finds the entries of one list in a folded text.

    One entry a line, `#` begins a comment. An entry is a word or phrase, also found in its plural;
    `stem*` is found with any ending, `*tail` behind any beginning, `*part*` both ways. A line
    `! phrase` is an exception: what it covers is read over.
    """

    entries: frozenset[str]
    plain: re.Pattern[str]
    masked: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The list written in a text."""
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        return cls._of(
            [line for line in lines if line and not line.startswith("!")],
            excused=[line[1:] for line in lines if line.startswith("!")],
        )

    @classmethod
    def union(cls, lists: Iterable["Wordlist"]) -> Self:
        """All entries of some lists and none of their exceptions.

        What it does not find, none of them finds: one search in place of one for each.
        """
        return cls._of(sorted(frozenset().union(*(each.entries for each in lists))), excused=[])

    @classmethod
    def _of(cls, entries: Collection[str], *, excused: Collection[str]) -> Self:
        tails = [entry[1:] for entry in entries if entry.startswith("*")]
        listed = [entry for entry in entries if not entry.startswith("*")]
        words = [entry for entry in listed if " " not in entry and len(entry) >= _SHORTEST_MASKED]
        return cls(
            entries=frozenset(entries),
            plain=re.compile(f"{_any_of(excused)}|({_any_of(listed)}|{_any_of(tails, start='')})"),
            masked=re.compile(_any_of([*words, *tails], masked=True)),
        )

    def found_in(self, text: Folded) -> bool:
        """Whether any entry stands in the text outside the exceptions."""
        for found in self.plain.finditer(text.words):
            if found.lastindex:
                return True
        return bool(text.masked) and self.masked.search(text.masked) is not None

    def taken_out_of(self, text: Folded) -> str:
        """What the text reads without the entries."""
        return self.plain.sub(" ", text.words)


@dataclass(slots=True)
class _Branch:
    """A node of the tree of letters: a tree is searched many times faster than a row of words."""

    letters: dict[str, "_Branch"] = field(default_factory=dict)
    endings: set[str] = field(default_factory=set)

    def add(self, entry: str) -> None:
        """Grow the tree by one entry."""
        branch = self
        letters = " ".join(_WORD.findall(plain_letters(entry)))
        for letter in letters:
            branch = branch.letters.setdefault(letter, _Branch())
        if entry.endswith("*"):
            branch.endings = {_ANY_ENDING}
        elif _ANY_ENDING not in branch.endings:
            branch.endings.add(_PLURAL_AFTER_HISS if letters[-1] in _HISSES else _PLURAL)

    def pattern(self, *, masked: bool) -> str:
        """The expression for all that follows this node; longer entries come first."""
        ways = [
            f"{f'[{letter}*]' if masked else letter}{branch.pattern(masked=masked)}"
            for letter, branch in sorted(self.letters.items())
        ]
        ways += sorted(self.endings)
        return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _any_of(entries: Iterable[str], *, start: str = _WORD_START, masked: bool = False) -> str:
    tree = _Branch()
    for entry in entries:
        tree.add(entry)
    # The first letter of a masked word is always shown: a row of asterisks is no word.
    ways = [
        f"{letter}{branch.pattern(masked=masked)}"
        for letter, branch in sorted(tree.letters.items())
    ]
    return f"{start}(?:{'|'.join(ways)})" if ways else _NEVER
