"""Neither one member nor a clique decides."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.votes.weights import CLIQUE, Weighing, weigh

NEARLY = 1e-4
counts = st.lists(st.integers(1, 60), min_size=1, max_size=40)
shares = st.floats(0.02, 1.0)


def members_of(counts: list[int]) -> list[str]:
    return [f"member{number}" for number, count in enumerate(counts) for _ in range(count)]


def totals(members: list[str], weighing: Weighing) -> dict[str, float]:
    found: Counter[str] = Counter()
    for member, weight in zip(members, weighing.weights, strict=True):
        found[member] += weight  # type: ignore[assignment]
    return dict(found)


def weighed(counts: list[int], *, member: float = 0.1, clique: float = 0.25) -> dict[str, float]:
    """What part of all weight each member has, the first member first."""
    members = members_of(counts)
    found = totals(members, weigh(members, member_share=member, clique_share=clique))
    return {name: weight / len(members) for name, weight in found.items()}


@given(counts, shares, shares)
def test_weights_are_positive_and_one_on_average(
    counts: list[int], member: float, clique: float
) -> None:
    weights = weigh(members_of(counts), member_share=member, clique_share=clique).weights
    assert len(weights) == sum(counts)
    assert min(weights) > 0
    assert sum(weights) == pytest.approx(len(weights), abs=1e-6 * len(weights))


@given(counts, shares)
def test_no_member_has_more_than_their_share(counts: list[int], share: float) -> None:
    found = weighed(counts, member=share, clique=1.0).values()
    if len(counts) * share >= 1:
        assert max(found) <= share + NEARLY
    else:
        assert list(found) == pytest.approx([1 / len(counts)] * len(counts), abs=NEARLY)


@given(st.lists(st.integers(1, 60), min_size=20, max_size=60), st.floats(0.25, 1.0))
def test_no_clique_has_more_than_its_share(counts: list[int], share: float) -> None:
    heaviest = sorted(weighed(counts, member=1.0, clique=share).values())[-CLIQUE:]
    assert sum(heaviest) <= share + NEARLY


@given(counts, shares, shares, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(
    counts: list[int], member: float, clique: float, chance: random.Random
) -> None:
    members = members_of(counts)
    shuffled = chance.sample(members, len(members))
    before, after = (
        totals(some, weigh(some, member_share=member, clique_share=clique))
        for some in (members, shuffled)
    )
    assert before == pytest.approx(after)


@given(counts)
def test_whoever_voted_more_does_not_weigh_less(counts: list[int]) -> None:
    found = [weight for _, weight in sorted(zip(counts, weighed(counts).values(), strict=True))]
    assert all(less <= more + NEARLY for less, more in pairwise(found))


@given(st.integers(1, 500))
def test_saboteurs_gain_nothing_by_voting_more(extra: int) -> None:
    crowd = [4] * 30
    once = weighed([40] * CLIQUE + crowd)
    more = weighed([40 + extra] * CLIQUE + crowd)
    for number in range(CLIQUE):
        name = f"member{number}"
        assert more[name] == pytest.approx(once[name], abs=NEARLY)


def test_a_clique_that_casts_half_of_all_votes_gets_a_quarter_of_the_weight() -> None:
    members = members_of([50] * CLIQUE + [10] * 25)
    weighing = weigh(members, member_share=0.1, clique_share=0.25)
    assert weighing.before.clique == 0.5
    assert weighing.after.clique == pytest.approx(0.25)
    found = totals(members, weighing)
    clique = sum(found[f"member{number}"] for number in range(CLIQUE))
    assert clique / len(members) == pytest.approx(0.25, abs=NEARLY)


def test_where_nobody_has_too_much_every_vote_weighs_the_same() -> None:
    weighing = weigh(members_of([3] * 40), member_share=0.1, clique_share=0.25)
    assert set(weighing.weights) == {1.0}
    assert weighing.before == weighing.after


def test_one_member_alone_has_all_the_weight() -> None:
    weighing = weigh(["ann"] * 7, member_share=0.1, clique_share=0.25)
    assert weighing.weights == (1.0,) * 7
    assert weighing.after.member == 1.0


def test_no_votes_weigh_nothing() -> None:
    weighing = weigh([], member_share=0.1, clique_share=0.25)
    assert weighing.weights == ()
    assert weighing.after.member == 0.0
