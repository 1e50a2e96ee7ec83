"""A vote is taught with the tokens with which its joke was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.retraining.examples import mismatched, told_joke, vote_examples
from finetune.retraining.votes import Vote, VotesError
from finetune.template import PromptTooLongError, Template, TemplateKind
from tests.tiny import tiny_jokes, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
TEMPLATE = Template(kind=TemplateKind.PLAIN)


def fits(text: str) -> bool:
    """Whether serving takes it as a topic: rare characters have several tokens each."""
    try:
        TEMPLATE.prompt(TOKENIZER, topic=text, opening=None)
    except PromptTooLongError:
        return False
    return True


WORDS = st.text(
    st.characters(exclude_categories=("C", "Z")) | st.just("x"), min_size=1, max_size=12
).filter(lambda text: "JOKE:" not in text and fits(text))


def examples(*votes: Vote, length: int = 128) -> list[tuple[list[int], list[int]]]:
    made = vote_examples(votes, tokenizer=TOKENIZER, template=TEMPLATE, length=length)
    return [(each.example.prompt, each.example.joke) for each in made]


def liked(prompt: str, completion: str) -> Vote:
    return Vote(prompt=prompt, completion=completion, label=True)


@given(topic=st.none() | WORDS, opening=st.none() | WORDS)
def test_the_prompt_has_the_tokens_that_serving_makes_of_its_topic_and_opening(
    topic: str | None, opening: str | None
) -> None:
    expected = TEMPLATE.prompt(TOKENIZER, topic=topic, opening=opening)
    text = "JOKE:" if topic is None else f"TOPIC: {topic}\nJOKE:"
    text += "" if opening is None else f" {opening}"
    ((prompt, _),) = examples(liked(text, " A cat."))
    assert prompt == expected
    assert TEMPLATE.asked(text) == (topic, opening)


def test_special_tokens_in_a_prompt_or_a_joke_are_plain_characters() -> None:
    ((prompt, joke),) = examples(liked("TOPIC: <|endoftext|>\nJOKE:", " <|endoftext|> said a cat"))
    assert TOKENIZER.eos_token_id not in prompt
    assert joke.count(TOKENIZER.eos_token_id) == 1
    assert joke[-1] == TOKENIZER.eos_token_id


def test_a_joke_begins_with_a_space_and_what_follows_an_opening_as_it_was_written() -> None:
    joke = TEMPLATE.taught_joke(TOKENIZER, "A cat sat.")
    assert (
        examples(liked("JOKE:", " A cat sat. "), liked("JOKE:", "A cat sat."))
        == [(TEMPLATE.prompt(TOKENIZER, topic=None, opening=None), joke)] * 2
    )
    ((_, rest),) = examples(liked("JOKE: Why did the c", "at sit?\n"))
    assert TOKENIZER.decode(rest[:-1]) == "at sit?"
    assert told_joke(liked("JOKE: Why did the c", "at sit?\n"), TEMPLATE) == "Why did the cat sit?"


@pytest.mark.parametrize("prompt", ["", "Tell me a joke", "JOKE:\n", "JOKE: ", "TOPIC: cats"])
def test_a_prompt_that_the_template_does_not_make_is_refused(prompt: str) -> None:
    with pytest.raises(VotesError, match="is not made by the template plain"):
        examples(liked(prompt, " A cat."))


def test_votes_that_are_too_long_are_left_out() -> None:
    short, long = liked("JOKE:", " A cat."), liked("JOKE:", " A cat" * 100)
    topic = liked(f"TOPIC: {'cat ' * 100}\nJOKE:", " A cat.")
    assert examples(long, short, topic) == examples(short)


def test_mismatched_pairs_have_each_joke_once_and_never_its_own() -> None:
    votes = [liked(f"TOPIC: {number}\nJOKE:", text) for number, text in enumerate(tiny_jokes())]
    made = list(vote_examples(votes, tokenizer=TOKENIZER, template=TEMPLATE, length=128))
    pairs = mismatched(made, seed=3)
    assert [pair.prompt for pair in pairs] == [each.example.prompt for each in made]
    assert sorted(pair.joke for pair in pairs) == sorted(each.example.joke for each in made)
    assert all(pair.joke != each.example.joke for pair, each in zip(pairs, made, strict=True))
    assert pairs == mismatched(made, seed=3)
    assert pairs != mismatched(made, seed=4)
