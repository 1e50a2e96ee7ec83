"""Which of the model's candidates may be told, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.candidates import Candidate
from finetune.moderation import Tier, fingerprint
from finetune.novelty import NoveltyIndex
from finetune.selection import Choice, Selector
from finetune.template import EXAMPLES
from tests.twins.moderator import BAD_TONE, RUDE, small_moderator

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
ZERO = "What did the zero say to the eight? Nice belt."


@pytest.fixture(scope="module")
def selector() -> Selector:
    return Selector(moderator=small_moderator(), tier=Tier.FAMILY)


def candidate(text: str, *, score: float = -1.0, complete: bool = True) -> Candidate:
    return Candidate(text=text, tokens=len(text.split()), score=score, complete=complete)


def texts(choices: list[Choice]) -> list[str]:
    return [choice.text for choice in choices]


def test_the_likeliest_joke_comes_first(selector: Selector) -> None:
    drawn = [candidate(BULL, score=-2), candidate(OCEAN, score=-0.5), candidate(ZERO, score=-1)]
    assert texts(selector.choices(drawn, opening=None)) == [OCEAN, ZERO, BULL]


def test_a_choice_keeps_what_is_written_down_about_it(selector: Selector) -> None:
    drawn = Candidate(text=BULL, tokens=11, score=-0.25, complete=True)
    assert selector.choices([drawn], opening=None) == [
        Choice(text=BULL, fingerprint=fingerprint(BULL), tokens=11, score=-0.25)
    ]


def test_a_joke_without_an_end_is_not_told(selector: Selector) -> None:
    drawn = [candidate(BULL, complete=False), candidate(OCEAN)]
    assert texts(selector.choices(drawn, opening=None)) == [OCEAN]


@pytest.mark.parametrize(
    "text", ["", " ", "Ha!", "TOPIC: cats JOKE: a cat", "<|im_end|> a cat went home"]
)
def test_what_nobody_should_see_is_not_told(selector: Selector, text: str) -> None:
    assert selector.choices([candidate(text)], opening=None) == []


@pytest.mark.parametrize("word", [RUDE, BAD_TONE])
def test_what_the_tier_refuses_is_not_told(selector: Selector, word: str) -> None:
    drawn = [candidate(f"Why did the duck say {word}? It quacked up."), candidate(OCEAN)]
    assert texts(selector.choices(drawn, opening=None)) == [OCEAN]


def test_an_adult_community_hears_what_a_family_does_not() -> None:
    selector = Selector(moderator=small_moderator(), tier=Tier.ADULT)
    rude = f"Why did the duck say {RUDE}? It quacked up."
    assert texts(selector.choices([candidate(rude)], opening=None)) == [rude]


def test_the_same_joke_twice_is_one_choice(selector: Selector) -> None:
    drawn = [candidate(BULL), candidate(BULL.upper()), candidate(f" {BULL} ")]
    assert texts(selector.choices(drawn, opening=None)) == [BULL]


@pytest.mark.parametrize("example", [joke for _, joke in EXAMPLES])
def test_what_an_untaught_model_was_shown_is_no_joke_of_its_own(
    selector: Selector, example: str
) -> None:
    assert selector.choices([candidate(example.upper())], opening=None) == []


def test_a_joke_has_to_begin_with_its_opening(selector: Selector) -> None:
    drawn = [candidate(BULL), candidate(OCEAN)]
    assert texts(selector.choices(drawn, opening="What did the ocean")) == [OCEAN]


def test_a_copy_of_a_training_joke_is_not_told() -> None:
    novelty = NoveltyIndex.build([OCEAN])
    selector = Selector(moderator=small_moderator(), tier=Tier.FAMILY, novelty=novelty)
    drawn = [candidate(BULL), candidate(OCEAN.upper()), candidate(f"Once more: {OCEAN}")]
    assert texts(selector.choices(drawn, opening=None)) == [BULL]


def test_a_member_may_begin_with_a_training_joke() -> None:
    novelty = NoveltyIndex.build([OCEAN])
    selector = Selector(moderator=small_moderator(), tier=Tier.FAMILY, novelty=novelty)
    opening = "What did the ocean say to the beach?"
    drawn = [candidate(OCEAN), candidate(f"{opening} Long time no sea.")]
    assert texts(selector.choices(drawn, opening=opening)) == [drawn[1].text]


def test_what_is_about_the_topic_comes_before_what_is_likelier(selector: Selector) -> None:
    drawn = [candidate(BULL, score=-2), candidate(OCEAN, score=-0.5), candidate(ZERO, score=-1)]
    assert texts(selector.choices(drawn, opening=None, topic="bulls")) == [BULL, OCEAN, ZERO]
    assert texts(selector.choices(drawn, opening=None, topic="tuba")) == [OCEAN, ZERO, BULL]


def test_nothing_drawn_is_nothing_to_tell(selector: Selector) -> None:
    assert selector.choices([], opening=None) == []


def test_a_prompt_is_judged_by_the_tier(selector: Selector) -> None:
    assert selector.allows_prompt("cats")
    assert not selector.allows_prompt(f"my {RUDE}")


@given(
    drawn=st.lists(
        st.builds(
            Candidate,
            text=st.text(max_size=80),
            tokens=st.integers(0, 64),
            score=st.floats(-20, 0),
            complete=st.booleans(),
        ),
        max_size=8,
    ),
    opening=st.none() | st.text(min_size=1, max_size=10),
)
def test_whatever_the_model_writes_what_is_chosen_is_complete_and_sorted(
    drawn: list[Candidate], opening: str | None
) -> None:
    selector = Selector(moderator=small_moderator(), tier=Tier.FAMILY)
    choices = selector.choices(drawn, opening=opening)
    assert len(choices) <= sum(each.complete for each in drawn)
    assert all(choice.text.startswith(opening or "") for choice in choices)
    scores = [choice.score for choice in choices]
    assert scores == sorted(scores, reverse=True)
    assert len({choice.fingerprint for choice in choices}) == len(choices)


def test_a_choice_says_whether_it_is_on_the_topic_and_what_the_model_makes_of_it(
    selector: Selector,
) -> None:
    candidates = [
        Candidate(text=text, tokens=5, score=-1.0, complete=True, features=text.encode())
        for text in ("The dog sat down and laughed.", "The cat sat down and laughed.")
    ]
    on, off = selector.choices(candidates, opening=None, topic="cats")
    assert (on.on_topic, off.on_topic) == (True, False)
    assert (on.features, off.features) == (candidates[1].features, candidates[0].features)
    assert all(each.on_topic for each in selector.choices(candidates, opening=None))
