"""English is told from other languages without a model."""

import pytest

from finetune.corpus.language import English
from tests.clean_jokes import CLEAN_JOKES

FOREIGN = (
    "Was ist grün und klopft an der Tür? Ein Klopfsalat.",
    "Treffen sich zwei Magnete. Sagt der eine: Was soll ich heute nur anziehen?",
    "¿Qué hace una abeja en el gimnasio? Zumba.",
    "Van dos cabras en una moto y se cae la del medio.",
    "Quel est le comble pour un jardinier? Raconter des salades.",
    "Perché il pomodoro non riesce a dormire? Perché l'insalata russa.",
    "Почему программисты путают праздники? Потому что числа равны.",
    "なぜ猫はパソコンが好きなの？マウスがいるから。",
)


@pytest.fixture(scope="module")
def english() -> English:
    return English.load()


@pytest.mark.parametrize("text", FOREIGN)
def test_other_languages_are_not_english(english: English, text: str) -> None:
    assert not english.recognises(text)


@pytest.mark.parametrize(
    "text",
    [
        *CLEAN_JOKES,
        "Everybody loves Raymond. Except Chuck Norris.",
        "Being rich seems convenient.",
        "Few things sound worse than a café brunch with zucchini.",
        "“Don’t panic,” it’s said.",
    ],
)
def test_english_is_even_with_names_puns_and_few_words(english: English, text: str) -> None:
    assert english.recognises(text)


@pytest.mark.parametrize("text", ["", "123 456", "🙂🙂🙂"])
def test_what_has_no_letters_is_no_language(english: English, text: str) -> None:
    assert not english.recognises(text)
