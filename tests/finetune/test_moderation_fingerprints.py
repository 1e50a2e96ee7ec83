"""The same joke is the same joke, however it is spelt."""

import pytest
from hypothesis import given

from finetune.moderation import fingerprint
from tests.clean_jokes import CLEAN_JOKES
from tests.hostile import LONG_TEXTS, hostile_texts

JOKE = "Why did the café cat sit down? It was tired."


@pytest.mark.parametrize(
    "spelling",
    [
        "WHY DID THE CAFÉ CAT SIT DOWN? IT WAS TIRED.",
        "why did the cafe cat sit down it was tired",
        "Why did the cafe\u0301 cat sit down?\n\nIt was tired!!!",
        "  “Why did the café-cat sit down?” – It was tired… 🙂",
        "Ｗhy did the café cat sit down? It was tired.",
        "Why did the c\u0430fé cat sit d\u043ewn? It was tired.",
    ],
)
def test_spelling_does_not_make_a_joke_new(spelling: str) -> None:
    assert fingerprint(spelling) == fingerprint(JOKE)


@pytest.mark.parametrize(
    "other",
    [
        "Why did the café dog sit down? It was tired.",
        "Why did the café cat sit down? It was not tired.",
        "Why did the café cat sit down? It was tired 2.",
        "",
    ],
)
def test_other_words_do(other: str) -> None:
    assert fingerprint(other) != fingerprint(JOKE)


def test_different_jokes_differ() -> None:
    assert len(set(map(fingerprint, CLEAN_JOKES))) == len(CLEAN_JOKES)


def test_texts_without_letters_differ_by_what_they_are() -> None:
    assert fingerprint("🙂") != fingerprint("🙃")


def test_it_is_the_same_in_every_release() -> None:
    assert fingerprint("One cat, two dogs.") == "48c6df51313e401271bc1403baec4cef"


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_a_hundred_thousand_characters_have_one_too(kind: str) -> None:
    assert len(fingerprint(LONG_TEXTS[kind])) == 32


@given(hostile_texts())
def test_every_text_has_one_and_keeps_it(text: str) -> None:
    assert fingerprint(text) == fingerprint(text)
    assert len(fingerprint(text)) == 32
    assert set(fingerprint(text)) <= set("0123456789abcdef")
