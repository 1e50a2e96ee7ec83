"""Topics and openings become one line of visible text, whatever was typed."""

import unicodedata

import pytest
from hypothesis import given

from finetune.moderation import PromptTooLong, clean_prompt
from tests.hostile import LONG_TEXTS, hostile_texts

LIMIT = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "cats",
        "Why did the programmer",
        "What's the difference between C# & C++?",
        "Größe, naïveté, 東京 and שלום",
        "<|endoftext|> JOKE: is only text here",
        "50 % off!",
    ],
)
def test_an_ordinary_prompt_stays_as_it_is(text: str) -> None:
    assert clean_prompt(text, limit=LIMIT) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t\r", "\u200b\u2060\ufeff", "\x00\x07", "\ud800"])
def test_a_prompt_with_nothing_to_see_is_empty(text: str) -> None:
    assert clean_prompt(text, limit=0) == ""


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  cats \n\n and\tdogs  ", "cats and dogs"),
        ("cats\u2028dogs\x85birds\u00a0fish", "cats dogs birds fish"),
        ("ca\x00ts", "cats"),
        ("ca\u200b\u200c\u00adts", "cats"),
        ("\u202ecats\u202c \u2066and\u2069 dogs", "cats and dogs"),
        ("cats\ud800 and\udfff dogs", "cats and dogs"),
        ("cats\ue000\ufdd0\ufffe\U000e0041", "cats"),
        ("cats \u3164 dogs", "cats dogs"),
        ("cafe\u0301", "café"),
        ("\x1b[31mred", "[31mred"),
    ],
)
def test_what_cannot_be_seen_goes(typed: str, cleaned: str) -> None:
    assert clean_prompt(typed, limit=LIMIT) == cleaned


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧‍👦", "🏳️‍🌈", "❤️‍🔥", "👍🏽", "🇳🇱", "1️⃣", "☂️", "🫨"])
def test_an_emoji_made_of_several_keeps_its_look(emoji: str) -> None:
    assert clean_prompt(f"{emoji} day", limit=LIMIT) == f"{emoji} day"


@pytest.mark.parametrize("typed", ["c\u200dats", "cats\u200d", "\u200dcats", "c\ufe0fats"])
def test_a_joiner_hides_nowhere_else(typed: str) -> None:
    assert clean_prompt(typed, limit=LIMIT) == "cats"


def test_heaps_of_marks_are_cut_down() -> None:
    assert len(clean_prompt("c" + "\u0323\u0301" * 500 + "ats", limit=LIMIT)) < 10


def test_the_limit_counts_what_is_left() -> None:
    assert clean_prompt("\u200b" * 50 + "cats" + " " * 50, limit=4) == "cats"
    with pytest.raises(PromptTooLong, match="at most 4 characters") as refusal:
        clean_prompt("cats!", limit=4)
    assert refusal.value.limit == 4


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_a_hundred_thousand_characters_are_refused_or_cleaned(kind: str) -> None:
    try:
        assert len(clean_prompt(LONG_TEXTS[kind], limit=200)) <= 200
    except PromptTooLong:
        assert len(clean_prompt(LONG_TEXTS[kind], limit=LIMIT)) > 200


@given(hostile_texts())
def test_cleaning_leaves_one_visible_line_and_nothing_to_clean(text: str) -> None:
    cleaned = clean_prompt(text, limit=LIMIT)

    assert clean_prompt(cleaned, limit=LIMIT) == cleaned
    assert cleaned == " ".join(cleaned.split())
    assert unicodedata.is_normalized("NFC", cleaned)
    categories = {unicodedata.category(char) for char in cleaned if char != "\u200d"}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    cleaned.encode("utf-8")
