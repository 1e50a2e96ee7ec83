"""As many rows of jokes as are wanted, about as varied and as dirty as scraped ones."""

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from finetune.corpus.wordlists import topic_nouns

__all__ = ["ManyRows", "write_rows"]

_JOKES = Path(__file__).parents[1] / "jokes.txt"
_DEMO = Path(__file__).parents[2] / "finetune" / "demo" / "jokes.csv"
_SEED = 1
_SHORTEST, _LONGEST = 9, 32
_NEW_NOUNS = 0.35
"""Share of a row's words of four letters and more that give way to nouns of the topic list."""
_ENDS = (".", "!", "?", "…")

_AGAIN, _NEARLY_AGAIN = 0.08, 0.08
"""Shares of rows that an earlier row is, or nearly is: scraped collections have about as many."""
_UNFIT = (
    "http://jokes.example.com/{number} {text}",
    "{text} @funny_{number}",
    "Warum hat der Hund die Katze nicht gefragt, was sie heute mit dem {number}. Ball gemacht hat?",
    "{upper}",
    "{text} and then the",
    "{text} You stupid asshole number {number}.",
    "Ha {number}!",
)
_UNFIT_SHARE = 0.08
_DIRT = (
    ("'", "â€™"),
    ("'", "&#39;"),
    (". ", ".<br />"),
    ("'", "’"),
    ('"', "&quot;"),
    (" ", "  "),
    ("? ", "?\n"),
)
_DIRTY_SHARE = 0.25


class ManyRows:
    """Row by number, each the same in every run.

    A chain of words learned from the jokes that ship writes sentences whose nouns are then drawn
    from the list of topics, so that rows have topics, look English and are mostly no near
    duplicates of one another. Some repeat an earlier row, some are dirty, some no joke to keep.
    """

    def __init__(self) -> None:
        jokes = [*_JOKES.read_text(encoding="utf-8").splitlines(), *_demo_jokes()]
        self._followers = _followers(jokes)
        self._starts = [joke.split()[0] for joke in jokes]
        self._nouns = [noun for noun in topic_nouns() if noun.isalpha()]

    def row(self, number: int) -> str:
        """The row of this number, from 0."""
        chance = random.Random(_SEED << 40 | number)
        kind = chance.random()
        if number and kind < _AGAIN + _NEARLY_AGAIN:
            earlier = self._joke(chance.randrange(number))
            return earlier.lower() if kind < _AGAIN else _nearly(earlier, self._nouns, chance)
        text = self._joke(number)
        if kind > 1 - _UNFIT_SHARE:
            return chance.choice(_UNFIT).format(text=text, upper=text.upper(), number=number)
        if kind > 1 - _UNFIT_SHARE - _DIRTY_SHARE:
            clean, dirty = chance.choice(_DIRT)
            return text.replace(clean, dirty)
        return text

    def _joke(self, number: int) -> str:
        chance = random.Random(_SEED << 41 | number)
        length = chance.randint(_SHORTEST, _LONGEST)
        words = [chance.choice(self._starts)]
        while len(words) < length:
            words.append(chance.choice(self._followers.get(words[-1]) or self._starts))
        told = (self._with_new_noun(word, chance) for word in words)
        return " ".join(told).rstrip(".,;:!?…") + chance.choice(_ENDS)

    def _with_new_noun(self, word: str, chance: random.Random) -> str:
        letters = word.rstrip(".,;:!?…")
        is_replaced = len(letters) > 3 and letters.isalpha() and chance.random() < _NEW_NOUNS
        return word.replace(letters, chance.choice(self._nouns)) if is_replaced else word


def write_rows(path: Path, *, rows: int) -> None:
    """Write a CSV file as Kaggle's Short Jokes is: `ID,Joke`."""
    source = ManyRows()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("ID", "Joke"))
        table.writerows((number + 1, source.row(number)) for number in range(rows))


def _demo_jokes() -> Iterator[str]:
    with _DEMO.open(encoding="utf-8", newline="") as file:
        yield from (row["Joke"] for row in csv.DictReader(file))


def _followers(jokes: Sequence[str]) -> Mapping[str, Sequence[str]]:
    followers: defaultdict[str, list[str]] = defaultdict(list)
    for joke in jokes:
        for word, following in pairwise(joke.split()):
            followers[word].append(following)
    return followers


def _nearly(joke: str, nouns: Sequence[str], chance: random.Random) -> str:
    words = joke.split()
    words[chance.randrange(1, len(words))] = chance.choice(nouns)
    return " ".join(words)
