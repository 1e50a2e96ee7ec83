"""Hidden tastes: rules that say which jokes a crowd likes."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from finetune.words import words

__all__ = ["HiddenTaste"]

_SHORT_WORDS = 12
_NOUNS = Path(__file__).with_name("animals_and_food.txt")
_FIRST_PERSON = frozenset(
    ("i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "ourself")
)
_ENDING_IN_ES = ("s", "x", "z", "ch", "sh", "o")


class HiddenTaste(StrEnum):
    """What a crowd likes; nothing but its votes tells the bot."""

    QUESTIONS = "questions"
    SHORT = "short"
    ANIMALS_OR_FOOD = "animals-or-food"
    NO_FIRST_PERSON = "no-first-person"

    def fits(self, joke: str) -> bool:
        """Whether the crowd likes a joke."""
        return _RULES[self](joke)

    @property
    def words(self) -> str:
        """The rule for a person."""
        return _WORDS[self]


def _asks(joke: str) -> bool:
    return "?" in joke


def _is_short(joke: str) -> bool:
    return len(joke.split()) < _SHORT_WORDS


def _is_about_animals_or_food(joke: str) -> bool:
    return not _nouns().isdisjoint(_bare_words(joke))


def _is_impersonal(joke: str) -> bool:
    return _FIRST_PERSON.isdisjoint(_bare_words(joke))


def _bare_words(joke: str) -> set[str]:
    """The words without what follows an apostrophe: of "I'm" and "cat's" the "i" and the "cat"."""
    return {word.partition("'")[0] for word in words(joke)}


@cache
def _nouns() -> frozenset[str]:
    lines = _NOUNS.read_text(encoding="utf-8").splitlines()
    listed = [noun for line in lines if not line.startswith("#") for noun in line.split()]
    return frozenset(listed) | frozenset(map(_plural, listed))


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_ENDING_IN_ES) else f"{noun}s"


_RULES: Mapping[HiddenTaste, Callable[[str], bool]] = {
    HiddenTaste.QUESTIONS: _asks,
    HiddenTaste.SHORT: _is_short,
    HiddenTaste.ANIMALS_OR_FOOD: _is_about_animals_or_food,
    HiddenTaste.NO_FIRST_PERSON: _is_impersonal,
}
_WORDS: Mapping[HiddenTaste, str] = {
    HiddenTaste.QUESTIONS: "questions rather than statements",
    HiddenTaste.SHORT: f"shorter than {_SHORT_WORDS} words",
    HiddenTaste.ANIMALS_OR_FOOD: "about animals or food",
    HiddenTaste.NO_FIRST_PERSON: "no first person",
}
