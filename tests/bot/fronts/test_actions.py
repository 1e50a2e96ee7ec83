"""What buttons carry is short, comes back as it was written, and cannot be made up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fronts.actions import (
    ACTION_PATTERN,
    CANCEL_PATTERN,
    DECISION_PATTERN,
    Action,
    Actions,
    Decision,
    Verb,
    cancel_data,
)
from bot.store.identity import MemberHasher
from tests.twins.records import MemoryRecords
from tests.twins.store import MemoryStore

LARGEST = 2**63 - 1
ACTIONS = Actions(records=MemoryStore().records)

verbs = st.sampled_from(Verb)
joke_ids = st.integers(1, LARGEST)


@given(verb=verbs, joke_id=joke_ids)
def test_what_is_written_is_read_back(verb: Verb, joke_id: int) -> None:
    assert ACTIONS.read(ACTIONS.data(verb, joke_id)) == Action(verb=verb, joke_id=joke_id)


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("joke_id", [1, LARGEST])
def test_no_button_carries_more_than_64_bytes(verb: Verb, joke_id: int) -> None:
    data = ACTIONS.data(verb, joke_id)
    assert len(data.encode()) <= 64
    assert ACTIONS.read(data) == Action(verb=verb, joke_id=joke_id)


@given(run=joke_ids, promote=st.booleans())
def test_a_decision_is_read_back_and_short(run: int, promote: bool) -> None:
    decision = Decision(run=run, promote=promote)
    data = ACTIONS.decision_data(decision)
    assert ACTIONS.read_decision(data) == decision
    assert len(data.encode()) <= 64
    assert ACTIONS.read(data) is None


@given(number=joke_ids)
def test_the_seal_of_a_joke_that_everybody_sees_opens_no_decision(number: int) -> None:
    seal = ACTIONS.data(Verb.UP, number).rpartition(":")[2]
    assert ACTIONS.read_decision(f"trial:promote:{number}:{seal}") is None


@given(data=st.text(max_size=70) | st.from_regex(ACTION_PATTERN, fullmatch=True))
def test_data_that_anybody_made_up_means_nothing(data: str) -> None:
    assert ACTIONS.read(data) is None


@given(data=st.text(max_size=70) | st.from_regex(DECISION_PATTERN, fullmatch=True))
def test_a_decision_that_anybody_made_up_decides_nothing(data: str) -> None:
    assert ACTIONS.read_decision(data) is None


@given(
    verb=verbs,
    joke_id=joke_ids,
    place=st.integers(0, 63),
    character=st.characters() | st.sampled_from("0123456789abcdef:"),
    how=st.sampled_from(["replace", "insert", "remove"]),
)
def test_data_with_one_character_altered_means_nothing(
    verb: Verb, joke_id: int, place: int, character: str, how: str
) -> None:
    data = ACTIONS.data(verb, joke_id)
    place %= len(data)
    kept = "" if how == "remove" else character
    altered = data[:place] + kept + data[place + (how != "insert") :]
    if altered == data:
        return
    assert ACTIONS.read(altered) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(":7:", ":07:"),
        lambda data: data.replace(":7:", ":٧:"),
        lambda data: data.replace(":7:", ":8:"),
        lambda data: data.replace(":7:", ":-7:"),
        lambda data: data.replace(":7:", ":" + "7" * 60 + ":"),
        str.upper,
        lambda data: data + "\n",
        lambda data: " " + data,
        lambda data: data * 2,
        lambda data: data.rpartition(":")[0] + ":",
    ],
)
def test_nothing_else_passes_for_a_button_of_joke_seven(change: object) -> None:
    assert callable(change)
    data = ACTIONS.data(Verb.UP, 7)
    assert ":7:" in data
    assert ACTIONS.read(change(data)) is None


def test_the_button_of_another_bot_means_nothing_here() -> None:
    other = Actions(records=MemoryRecords(rows={}, hasher=MemberHasher(key=b"another")))
    for verb in Verb:
        assert ACTIONS.read(other.data(verb, 7)) is None
        assert other.read(ACTIONS.data(verb, 7)) is None


@pytest.mark.parametrize(
    ("verb", "value"), [(Verb.UP, 1), (Verb.DOWN, -1), (Verb.FLAG, 0), (Verb.SHOW, 0)]
)
def test_a_verb_is_a_vote_or_none(verb: Verb, value: int) -> None:
    assert verb.value_of_vote == value


@pytest.mark.parametrize("key", ["5", "-1001234567890:987654321", "9" * 50])
def test_a_cancel_button_carries_its_key_and_is_no_other_button(key: str) -> None:
    data = cancel_data(key)
    match = re.fullmatch(CANCEL_PATTERN, data)
    assert match is not None
    assert match["key"] == key
    assert len(data.encode()) <= 64
    assert ACTIONS.read(data) is None
    assert re.fullmatch(CANCEL_PATTERN, ACTIONS.data(Verb.UP, 7)) is None
