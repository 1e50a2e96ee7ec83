"""A joke mentions a topic when the topic's content words stand in it, in whatever form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.mentions import mentions

JOKE = "Why did my neighbour's dogs bark at the café's vacuum cleaner? It sucked."


@pytest.mark.parametrize(
    "topic",
    [
        "dog",
        "Dogs",
        "DOG'S",
        "my dog",
        "a dog and the neighbours",
        "barking",
        "cafe",
        "Café",
        "vacuum cleaners",
        "cleaner vacuum",
        "vacuum-cleaner",
        "why",
        "why did my",
    ],
)
def test_a_topic_is_found_in_any_form_case_accent_and_order(topic: str) -> None:
    assert mentions(JOKE, topic)


@pytest.mark.parametrize(
    "topic", ["cat", "hot dog", "do", "ark", "doghouse", "my cat", "where are they"]
)
def test_a_topic_is_not_found_when_one_of_its_words_is_missing(topic: str) -> None:
    assert not mentions(JOKE, topic)


def test_a_topic_without_words_has_to_stand_there_as_it_is() -> None:
    assert mentions("A 🐱 walks into a bar. Ouch.", "🐱")
    assert not mentions("A cat walks into a bar. Ouch.", "🐱")


@pytest.mark.parametrize("topic", ["коты", "猫", "gâteaux"])
def test_topics_of_other_languages_are_found_as_written(topic: str) -> None:
    assert mentions(f"Once more: {topic}!", topic)


@given(joke=st.text(max_size=80), topic=st.text(min_size=1, max_size=30))
def test_a_joke_mentions_the_topic_that_is_written_into_it(joke: str, topic: str) -> None:
    assert mentions(f"{joke} {topic} {joke}", topic)


@given(joke=st.text(max_size=80), topic=st.text(max_size=30))
def test_whatever_is_typed_gets_an_answer(joke: str, topic: str) -> None:
    assert isinstance(mentions(joke, topic), bool)
