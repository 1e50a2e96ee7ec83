"""Each kind of unfit text is dropped for its own reason."""

import pytest

from finetune.corpus.filters import Dropped, Filters
from finetune.corpus.language import English
from finetune.corpus.repair import repair
from finetune.moderation import Moderator, Tier, presentable
from tests.clean_jokes import CLEAN_JOKES

RUDE = "My boss is a stupid asshole and his wife knows it."


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    return Moderator.load()


def filters(moderator: Moderator | None = None, tier: Tier | None = None) -> Filters:
    return Filters(moderator=moderator, tier=tier, longest=30, english=English.load())


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", Dropped.EMPTY),
        ("?!…", Dropped.EMPTY),
        ("Two words.", Dropped.TOO_SHORT),
        ("and then the cat " * 8 + "left.", Dropped.TOO_LONG),
        ("Treffen sich zwei Magnete. Sagt der eine: Moin.", Dropped.NOT_ENGLISH),
        ("I asked @somebody about the joke.", Dropped.ADDRESS),
        ("Have you seen www.dustbin.com? What a load of rubbish.", Dropped.ADDRESS),
        ("I said what is that what is that what is that what is that.", Dropped.LOOPING),
        ("Here's a joke for all of you mind readers.", Dropped.UNPRESENTABLE),
        ("I HAVE LOST MY VOICE AND MY KEYBOARD.", Dropped.SHOUTING),
        ("These are the signs of an affair by computer:", Dropped.UNFINISHED),
        ("I went to the zoo and then the", Dropped.UNFINISHED),
    ],
)
def test_each_fault_has_its_name(text: str, cause: Dropped) -> None:
    assert filters().causes([text]) == [cause]


@pytest.mark.parametrize(
    "ending", [".", "!", "?", "…", "...", '."', ".”", " :)", " :(", "*", " 🙂"]
)
def test_jokes_end_in_many_ways(ending: str) -> None:
    assert filters().causes([f"The cat went home early{ending}"]) == [None]


def test_clean_jokes_pass_and_can_be_shown_as_they_are(moderator: Moderator) -> None:
    texts = [repair(joke) for joke in CLEAN_JOKES]
    assert filters(moderator, Tier.FAMILY).causes(texts) == [None] * len(texts)
    assert [presentable(text, opening=None) for text in texts] == texts


@pytest.mark.parametrize(
    ("tier", "cause"),
    [(Tier.FAMILY, Dropped.OFFENSIVE), (Tier.STANDARD, Dropped.OFFENSIVE), (Tier.ADULT, None)],
)
def test_the_tier_decides_what_is_offensive(
    moderator: Moderator, tier: Tier, cause: Dropped | None
) -> None:
    assert filters(moderator, tier).causes(["The cat went home.", RUDE, ""]) == [
        None,
        cause,
        Dropped.EMPTY,
    ]


def test_without_a_tier_nothing_is_too_offensive(moderator: Moderator) -> None:
    assert filters(moderator).causes([RUDE]) == [None]


def test_any_language_may_stay() -> None:
    any_language = Filters(moderator=None, tier=None, longest=30, english=None)
    assert any_language.causes(["Treffen sich zwei Magnete. Sagt der eine: Moin."]) == [None]
