"""The hidden tastes: which jokes a crowd likes."""

import pytest

from tests.campaigns.crowds.rules import HiddenTaste


@pytest.mark.parametrize(
    ("taste", "joke"),
    [
        (HiddenTaste.QUESTIONS, "Why did the clock quit? It was tired of going round."),
        (HiddenTaste.SHORT, "My dog reads one two three four five six seven eight."),
        (HiddenTaste.ANIMALS_OR_FOOD, "The tailor kept three Puppies in a drawer."),
        (HiddenTaste.ANIMALS_OR_FOOD, "She said the cat's pyjamas were too long."),
        (HiddenTaste.ANIMALS_OR_FOOD, "Two POTATOES walk into a bar."),
        (HiddenTaste.ANIMALS_OR_FOOD, "A family of mice sings in the choir."),
        (HiddenTaste.NO_FIRST_PERSON, "The clock iced its hands. Weird, mythical, used."),
    ],
)
def test_a_joke_that_fits_a_taste_is_liked(taste: HiddenTaste, joke: str) -> None:
    assert taste.fits(joke)


@pytest.mark.parametrize(
    ("taste", "joke"),
    [
        (HiddenTaste.QUESTIONS, "The clock quit. It was tired of going round."),
        (HiddenTaste.SHORT, "This one has exactly twelve words in it, count them if bored."),
        (HiddenTaste.ANIMALS_OR_FOOD, "The category of this joke is unscathed."),
        (HiddenTaste.NO_FIRST_PERSON, "I'm late again."),
        (HiddenTaste.NO_FIRST_PERSON, "He stole MY watch."),
        (HiddenTaste.NO_FIRST_PERSON, "They’d say we’ve all been there."),
    ],
)
def test_a_joke_that_does_not_fit_is_not(taste: HiddenTaste, joke: str) -> None:
    assert not taste.fits(joke)


def test_every_taste_says_in_words_what_it_is() -> None:
    assert len({taste.words for taste in HiddenTaste}) == len(HiddenTaste) == 4
