"""A joke is on one side of the split for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.corpus.split import is_held_out
from tests.finetune.corpus.many_jokes import many_jokes


def test_about_the_wanted_share_is_held_out() -> None:
    jokes = many_jokes(2000)
    assert 140 <= sum(is_held_out(joke, share=0.1) for joke in jokes) <= 260


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_holding_out_more_keeps_what_was_held_out(text: str, one: float, other: float) -> None:
    smaller, larger = sorted((one, other))
    assert is_held_out(text, share=smaller) <= is_held_out(text, share=larger)


@given(st.text())
def test_none_and_all_are_possible(text: str) -> None:
    assert not is_held_out(text, share=0.0)
    assert is_held_out(text, share=1.0)


def test_spelling_does_not_change_the_side() -> None:
    for joke in many_jokes(200):
        assert is_held_out(joke, share=0.5) == is_held_out(joke.upper() + "!!", share=0.5)


@pytest.mark.parametrize(("joke", "side"), [("One cat, two dogs.", False), ("Two cats.", True)])
def test_the_side_is_the_same_in_every_release(joke: str, side: bool) -> None:
    assert is_held_out(joke, share=0.5) == side
