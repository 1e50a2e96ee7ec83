"""Jokes that come again are found, with flat memory."""

import random
from pathlib import Path

import psutil
import pytest

from finetune.corpus.duplicates import SeenJokes
from finetune.corpus.filters import Dropped
from tests.clean_jokes import CLEAN_JOKES

JOKE = "Why did the burglar take a long bath? He wanted to make a clean getaway."


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "seen.sqlite"


@pytest.mark.parametrize(
    ("again", "kind"),
    [
        (JOKE, Dropped.DUPLICATE),
        ("WHY DID THE BURGLAR TAKE A LONG BATH?? he wanted to make a clean getaway", "duplicate"),
        ("Why did the burglar take a bath? He wanted a clean getaway!", Dropped.NEAR_DUPLICATE),
        (
            "Why did the thief take a long bath? He wanted to make a clean getaway.",
            "near duplicate",
        ),
        ("Why did the chicken take a long bath? The pool was closed.", None),
    ],
)
def test_a_joke_told_again_is_known(file: Path, again: str, kind: Dropped | None) -> None:
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert seen.add(JOKE) is None
        assert seen.add(again) == kind


def test_different_jokes_all_stay(file: Path) -> None:
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(joke) for joke in CLEAN_JOKES] == [None] * len(CLEAN_JOKES)


def test_how_similar_is_too_similar_can_be_chosen(file: Path) -> None:
    with SeenJokes(file=file, similarity=1.0) as seen:
        assert seen.add(JOKE) is None
        assert seen.add(JOKE.replace("long ", "")) is None
        assert seen.add(JOKE.upper()) is Dropped.DUPLICATE


def test_a_dropped_joke_does_not_drop_others(file: Path) -> None:
    middle = JOKE.replace("a long bath", "the metro")
    last = middle.replace("clean getaway", "good impression on the guards")
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(joke) for joke in (JOKE, middle, last)] == [
            None,
            Dropped.NEAR_DUPLICATE,
            None,
        ]
    with SeenJokes(file=file.with_suffix(".other"), similarity=0.5) as seen:
        assert [seen.add(joke) for joke in (middle, last)] == [None, Dropped.NEAR_DUPLICATE]


def test_texts_without_letters_are_told_apart(file: Path) -> None:
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(text) for text in ("なぜ？", "猫。", "なぜ？")] == [
            None,
            None,
            Dropped.DUPLICATE,
        ]


def test_memory_stays_flat(file: Path) -> None:
    random_words = random.Random(7)
    words = ["".join(random_words.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(5000)]
    process = psutil.Process()
    with SeenJokes(file=file, similarity=0.5, cache_kib=512) as seen:

        def add(number: int) -> None:
            for _ in range(number):
                seen.add(" ".join(random_words.choices(words, k=12)))

        add(1000)
        before = process.memory_info().rss
        add(4000)
        grown = process.memory_info().rss - before
    written = file.stat().st_size
    assert written > 2_500_000
    assert grown < written / 3
