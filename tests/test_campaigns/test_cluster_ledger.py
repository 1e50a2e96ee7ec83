"""What counts as a lost vote, and as a joke told twice."""

import pytest

from tests.campaigns.cluster.ledger import Ledger, Shown, Standing

KEY = (7, "ann")


@pytest.mark.parametrize(
    ("kept", "agrees"), [(1, True), (-1, False), (0, False), (None, False)], ids=str
)
def test_an_acknowledged_vote_has_to_stand_as_it_was_acknowledged(
    kept: int | None, agrees: bool
) -> None:
    assert Standing(acknowledged=1).agrees(kept) is agrees


@pytest.mark.parametrize("kept", [0, None])
def test_a_withdrawn_vote_may_stand_as_none_at_all(kept: int | None) -> None:
    assert Standing(acknowledged=0).agrees(kept)
    assert not Standing(acknowledged=0).agrees(1)


@pytest.mark.parametrize(("kept", "agrees"), [(1, True), (-1, True), (None, False)], ids=str)
def test_a_press_that_nobody_confirmed_may_have_changed_the_vote(
    kept: int | None, agrees: bool
) -> None:
    assert Standing(acknowledged=1, unsure=-1).agrees(kept) is agrees


def test_nothing_is_owed_to_who_was_never_answered() -> None:
    ledger = Ledger()
    ledger.leave_open(KEY, 1)
    assert ledger.lost({}) == []
    assert (ledger.presses, ledger.unanswered) == (0, 1)
    assert not ledger.may_vote(KEY)


def test_the_latest_acknowledged_vote_of_a_member_counts() -> None:
    ledger = Ledger()
    ledger.acknowledge(KEY, 1)
    ledger.acknowledge(KEY, -1)
    assert ledger.lost({KEY: -1}) == []
    assert ledger.lost({KEY: 1}) == [KEY]
    assert ledger.presses == 2


def test_a_joke_is_doubled_in_one_community_not_in_two() -> None:
    ledger = Ledger()
    for number, community in enumerate(("one", "two", "one")):
        ledger.shown[number] = Shown(community=community, text="A Joke." if number else "A joke.")
    assert ledger.doubled() == 1
    del ledger.shown[0]
    assert ledger.doubled() == 0
