"""Every vote is learned from, judged by, or set aside."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import LearningSettings
from bot.votes.choosing import Shortage, choose
from bot.votes.rows import VoteRow
from tests.bot.votes.material import crowd, vote

RULES = LearningSettings(held_out=0.3)
rows = st.lists(
    st.builds(
        vote,
        st.integers(1, 30),
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from([1, -1]),
        withheld=st.booleans(),
    ),
    unique_by=lambda row: (row.joke_id, row.member),
    max_size=60,
)


@given(rows, st.randoms(use_true_random=False))
def test_every_vote_is_in_one_place_in_whatever_order_they_come(
    rows: list[VoteRow], chance: random.Random
) -> None:
    chosen = choose(rows, RULES)
    placed = [*chosen.train, *chosen.held_out, *chosen.withheld]
    assert sorted(placed, key=repr) == sorted(rows, key=repr)
    assert all(row.withheld for row in chosen.withheld)
    assert not any(row.withheld for row in chosen.learnable)
    assert choose(chance.sample(rows, len(rows)), RULES) == chosen


def test_all_votes_of_a_joke_are_on_one_side() -> None:
    chosen = choose(crowd(members=4, jokes=200), RULES)
    sides = [{row.joke_id for row in side} for side in (chosen.train, chosen.held_out)]
    assert not sides[0] & sides[1]
    assert 35 < len(sides[1]) < 85


def test_the_same_joke_told_twice_is_on_one_side() -> None:
    for number in range(50):
        twice = [
            vote(1, text=f"Joke number {number}."),
            vote(2, text=f"joke  number {number}!"),
        ]
        chosen = choose(twice, RULES)
        assert {len(chosen.train), len(chosen.held_out)} == {0, 2}


@pytest.mark.parametrize(
    ("up", "down", "sentence"),
    [
        (60, 40, "There are 100 votes, which is enough to learn from."),
        (1, 0, "There is 1 vote to learn from; needed: at least 99 more votes and 4 more upvotes"),
        (60, 37, "There are 97 votes to learn from; needed: at least 3 more votes."),
        (120, 0, "There are 120 votes to learn from; needed: at least 5 more downvotes."),
        (4, 120, "There are 124 votes to learn from; needed: at least 1 more upvote."),
    ],
)
def test_it_is_said_how_many_votes_are_missing(up: int, down: int, sentence: str) -> None:
    votes = [vote(number, value=1) for number in range(1, up + 1)]
    votes += [vote(number, "bob", -1) for number in range(1, down + 1)]
    shortage = choose(votes, RULES).shortage(100)
    assert str(shortage).startswith(sentence)
    assert bool(shortage) is ("enough" not in sentence)


def test_votes_set_aside_do_not_count_towards_the_minimum() -> None:
    votes = [vote(number, withheld=True) for number in range(1, 50)]
    assert choose(votes, RULES).shortage(20) == Shortage(
        votes=0, missing=20, missing_up=1, missing_down=1
    )
