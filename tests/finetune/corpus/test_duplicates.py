"""Jokes that come again are found, and memory stays flat."""

import random
import tracemalloc
from pathlib import Path

import pytest

from finetune.corpus.duplicates import SeenJokes, Sketcher
from finetune.corpus.filters import Dropped
from tests.clean_jokes import CLEAN_JOKES

JOKE = "Why did the burglar take a long bath? He wanted to make a clean getaway."

sketch = Sketcher().sketch


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
        assert seen.add(sketch(JOKE)) is None
        assert seen.add(sketch(again)) == kind


def test_different_jokes_all_stay(file: Path) -> None:
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(sketch(joke)) for joke in CLEAN_JOKES] == [None] * len(CLEAN_JOKES)


def test_how_similar_is_too_similar_can_be_chosen(file: Path) -> None:
    with SeenJokes(file=file, similarity=1.0) as seen:
        assert seen.add(sketch(JOKE)) is None
        assert seen.add(sketch(JOKE.replace("long ", ""))) is None
        assert seen.add(sketch(JOKE.upper())) is Dropped.DUPLICATE


def test_a_dropped_joke_does_not_drop_others(file: Path) -> None:
    middle = JOKE.replace("a long bath", "the metro")
    last = middle.replace("clean getaway", "good impression on the guards")
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(sketch(joke)) for joke in (JOKE, middle, last)] == [
            None,
            Dropped.NEAR_DUPLICATE,
            None,
        ]
    with SeenJokes(file=file.with_suffix(".other"), similarity=0.5) as seen:
        assert [seen.add(sketch(joke)) for joke in (middle, last)] == [None, Dropped.NEAR_DUPLICATE]


def test_texts_without_letters_are_told_apart(file: Path) -> None:
    with SeenJokes(file=file, similarity=0.5) as seen:
        assert [seen.add(sketch(text)) for text in ("なぜ？", "猫。", "なぜ？")] == [
            None,
            None,
            Dropped.DUPLICATE,
        ]


def test_what_is_remembered_is_on_disk(file: Path) -> None:
    chooser = random.Random(7)
    words = ["".join(chooser.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(2000)]
    tracemalloc.start()
    try:
        with SeenJokes(file=file, similarity=0.5, cache_kib=256) as seen:

            def add(number: int) -> int:
                for _ in range(number):
                    assert seen.add(sketch(" ".join(chooser.choices(words, k=12)))) is None
                return tracemalloc.get_traced_memory()[0]

            before = add(200)
            grown = add(600) - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000 < file.stat().st_size / 10
