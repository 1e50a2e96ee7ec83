"""Pairs for DPO compare jokes that answer the same wish."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.jokes import Community
from bot.votes.pairs import USES, Pair, pair_line, pairs
from bot.votes.rows import VoteRow
from tests.bot.votes.material import vote

rows = st.lists(
    st.builds(
        vote,
        st.integers(1, 40),
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from([1, -1]),
    ),
    unique_by=lambda row: (row.joke_id, row.member),
    max_size=100,
)


def paired(rows: list[VoteRow], weights: list[float] | None = None) -> list[Pair]:
    return pairs(rows, weights or [1.0] * len(rows))


def numbers(found: list[Pair]) -> list[tuple[int, int]]:
    return [(pair.chosen.joke_id, pair.rejected.joke_id) for pair in found]


@given(rows)
def test_liked_stands_over_disliked_and_no_joke_is_used_too_often(rows: list[VoteRow]) -> None:
    about = [vote(row.joke_id, row.member, row.value, topic="cats") for row in rows]
    scores: Counter[int] = Counter()
    for row in about:
        scores[row.joke_id] += row.value
    found = numbers(paired(about))
    assert all(scores[chosen] > 0 > scores[rejected] for chosen, rejected in found)
    assert len(set(found)) == len(found)
    assert max(Counter(number for pair in found for number in pair).values(), default=0) <= USES
    liked, disliked = (sum(sign * n > 0 for n in scores.values()) for sign in (1, -1))
    assert len(found) == min(max(liked, disliked), USES * min(liked, disliked))


def test_only_the_same_topic_in_the_same_community_is_compared() -> None:
    elsewhere = Community(front="telegram", key="1")
    rows = [
        vote(1, topic="cats"),
        vote(2, value=-1, topic="dogs"),
        vote(3, value=-1, topic="cats", community=elsewhere),
        vote(4, value=-1, topic="Cats"),
        vote(5),
        vote(6, value=-1),
    ]
    assert numbers(paired(rows)) == [(1, 4)]


def test_jokes_with_another_opening_are_not_compared() -> None:
    rows = [
        vote(1, opening="Why", text="Why not?"),
        vote(2, value=-1, opening="How", text="How so?"),
        vote(3, value=-1, opening="Why", text="Why me?"),
    ]
    assert numbers(paired(rows)) == [(1, 3)]


def test_a_heavier_vote_decides() -> None:
    rows = [
        vote(1, "ann", 1, topic="cats"),
        vote(1, "bob", -1, topic="cats"),
        vote(2, "ann", -1, topic="cats"),
        vote(2, "bob", 1, topic="cats"),
    ]
    assert numbers(paired(rows, [2.0, 1.0, 2.0, 1.0])) == [(1, 2)]
    assert numbers(paired(rows, [1.0, 2.0, 1.0, 2.0])) == [(2, 1)]
    assert paired(rows) == []


def test_a_line_has_the_prompt_and_both_jokes() -> None:
    (pair,) = paired([vote(1, topic="cats"), vote(2, value=-1, topic="cats")])
    assert json.loads(pair_line(pair)) == {
        "prompt": "TOPIC: cats\nJOKE:",
        "chosen": " Joke number 1.",
        "rejected": " Joke number 2.",
        "chosen_id": 1,
        "rejected_id": 2,
    }
