"""No member and no clique decides what is liked."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.taste.weighing import vote_weights


def weights_of(counts: dict[str, int]) -> dict[str, float]:
    """What all votes of each member weigh together."""
    members = [member for member, count in counts.items() for _ in range(count)]
    weights: dict[str, float] = defaultdict(float)
    for member, weight in zip(
        members, vote_weights(members, member_share=0.1, clique_share=0.25), strict=True
    ):
        weights[member] += weight
    return weights


def test_whoever_votes_alone_is_heard_in_full() -> None:
    assert weights_of({"ann": 500}) == {"ann": pytest.approx(500)}


def test_in_a_small_circle_nobody_is_silenced_by_the_silence_of_others() -> None:
    weights = weights_of({"ann": 20, "bob": 1, "cat": 300})
    assert weights == {
        "ann": pytest.approx(20),
        "bob": pytest.approx(1),
        "cat": pytest.approx(25),
    }


def test_in_a_crowd_a_busy_member_has_a_tenth() -> None:
    crowd = {f"member {number}": 5 for number in range(30)} | {"busy": 500}
    weights = weights_of(crowd)
    assert weights["busy"] <= 0.1001 * sum(weights.values())
    assert weights["member 0"] == pytest.approx(5)


def test_a_clique_of_five_that_casts_half_of_all_votes_has_a_quarter() -> None:
    crowd = {f"member {number}": 5 for number in range(30)}
    clique = {f"friend {number}": 30 for number in range(5)}
    weights = weights_of(crowd | clique)
    theirs = sum(weights[friend] for friend in clique)
    assert theirs <= 0.2501 * sum(weights.values())


@given(st.lists(st.sampled_from("abcdefghijklmnop"), max_size=200))
def test_no_vote_weighs_nothing_or_more_than_one(members: list[str]) -> None:
    weights = vote_weights(members, member_share=0.1, clique_share=0.25)
    assert len(weights) == len(members)
    assert all(0 < weight <= 1 for weight in weights)
