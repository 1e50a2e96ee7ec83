"""What was copied word for word, and what only nearly."""

import pytest

from finetune.evaluation.copying import copied_share, near_duplicate_share
from finetune.novelty import NoveltyIndex
from tests.tiny import tiny_jokes

TAUGHT = tiny_jokes()
NEW = [
    "My calendar quit today. It said its days were numbered.",
    "The lighthouse keeper loves his job, but he finds the evenings a bit light.",
    "I bought a boomerang for my goldfish and now neither of them comes back.",
]


def test_copied_jokes_are_those_with_eight_words_in_a_row() -> None:
    novelty = NoveltyIndex.build(TAUGHT)
    assert copied_share([TAUGHT[0], *NEW], novelty=novelty, seed=0).value == 0.25
    assert copied_share(NEW, novelty=novelty, seed=0).value == 0


@pytest.mark.parametrize(
    "changed",
    [
        "why did the cat sit on the laptop?? It wanted to keep an eye on THE MOUSE",
        "Why did the cat lie on the laptop? It wanted to keep an eye on the mouse.",
    ],
)
def test_a_joke_is_nearly_another_when_a_word_or_the_punctuation_differs(changed: str) -> None:
    assert near_duplicate_share([changed, *NEW], training=TAUGHT, seed=0).value == 0.25


def test_a_joke_on_the_same_set_up_is_one_of_its_own() -> None:
    other = "Why did the cat sit on the stove? Somebody had promised her a hot date."
    assert near_duplicate_share([other], training=TAUGHT, seed=0).value == 0


def test_the_training_jokes_are_read_once_as_they_come() -> None:
    share = near_duplicate_share(
        [TAUGHT[3], TAUGHT[3], ""], training=(joke for joke in TAUGHT), seed=0
    )
    assert share.value == pytest.approx(2 / 3)


def test_where_nothing_was_taught_nothing_is_a_copy() -> None:
    assert near_duplicate_share(TAUGHT, training=[], seed=0).value == 0
