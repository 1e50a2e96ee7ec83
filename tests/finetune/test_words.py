"""What counts as the words of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Cat, a DOG!", ["a", "cat", "a", "dog"]),
        ("crème brûlée", ["creme", "brulee"]),
        ("Don't say ‘don’t’.", ["don't", "say", "don't"]),
        ("snake_case wi-fi 24/7", ["snake", "case", "wi", "fi", "24", "7"]),
        ("🐱 …", []),
    ],
)
def test_words_are_folded_and_bare(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_every_word_holds_a_letter_or_digit_and_no_space(text: str) -> None:
    assert all(word[0] != "'" and not word.isspace() and " " not in word for word in words(text))
