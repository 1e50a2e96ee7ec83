"""Gestures on jokes, hidden jokes, topics, versions, and what must still arrive; disk and twin."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.jokes import Reason
from bot.store.port import (
    Ballot,
    DuplicateRequest,
    Gesture,
    ShownJoke,
    Store,
    Tally,
    UnknownJoke,
    VersionRecord,
    Voted,
)
from bot.store.record_port import Post
from bot.store.store import SqlStore
from tests.bot.store.conftest import CHAT, GUILD, Place, StillClock, ask, joke, next_process, tell
from tests.twins.store import MemoryStore

BALLOTS = st.builds(
    Ballot,
    value=st.sampled_from([-1, 1]),
    gesture=st.sampled_from(Gesture),
    event=st.none() | st.integers(0, 9),
)


def set_to(value: int, event: int | None = None) -> Ballot:
    return Ballot(value=value, event=event)


def press(value: int, event: int | None = None) -> Ballot:
    return Ballot(value=value, gesture=Gesture.PRESS, event=event)


def release(value: int, event: int | None = None) -> Ballot:
    return Ballot(value=value, gesture=Gesture.RELEASE, event=event)


def up(count: int) -> Tally:
    return Tally(up=count, down=0, flags=0)


async def cast_all(store: Store, *ballots: Ballot, member: str = "ann") -> list[int]:
    """The member's vote after each of the ballots on a new joke."""
    number = await tell(store)
    return [(await store.cast(number, member, ballot)).value for ballot in ballots]


async def told_topic(store: Store, topic: str | None, *votes: int) -> int:
    number = await store.open_request(ask(topic=topic))
    await store.mark_told(number, joke())
    for place, value in enumerate(votes):
        await store.vote(number, f"member {place}", value)
    return number


# Gestures


async def test_pressing_votes_pressing_again_withdraws_and_the_other_button_changes(
    store: Store,
) -> None:
    assert await cast_all(store, press(1), press(1), press(1), press(-1), press(-1)) == [
        1,
        0,
        1,
        -1,
        0,
    ]


async def test_setting_a_vote_twice_keeps_it(store: Store) -> None:
    assert await cast_all(store, set_to(1), set_to(1), set_to(-1), set_to(0)) == [1, 1, -1, 0]


async def test_releasing_withdraws_only_the_vote_that_is_released(store: Store) -> None:
    assert await cast_all(store, set_to(1), release(1)) == [1, 0]
    assert await cast_all(store, set_to(1), set_to(-1), release(1)) == [1, -1, -1]
    assert await cast_all(store, release(1)) == [0]


async def test_a_ballot_is_answered_with_the_vote_and_the_votes_of_all(store: Store) -> None:
    number = await tell(store)
    await store.vote(number, "bob", 1)
    assert await store.cast(number, "ann", press(1)) == Voted(value=1, tally=up(2))
    assert await store.cast(number, "ann", press(1)) == Voted(value=0, tally=up(1))
    assert await store.tally(number) == up(1)


async def test_an_event_delivered_twice_counts_once(store: Store) -> None:
    assert await cast_all(store, press(1, event=7), press(1, event=7)) == [1, 1]
    assert await cast_all(store, press(1, event=0), press(1, event=0)) == [1, 1]


async def test_an_event_that_comes_after_a_newer_one_is_ignored(store: Store) -> None:
    assert await cast_all(store, release(1, event=8), set_to(1, event=7)) == [0, 0]
    assert await cast_all(store, set_to(-1, event=8), press(1, event=3)) == [-1, -1]


async def test_ballots_without_a_number_do_not_make_events_forgotten(store: Store) -> None:
    ballots = (press(1, event=7), set_to(0), press(1, event=7), press(1, event=8))
    assert await cast_all(store, *ballots) == [1, 0, 0, 1]


async def test_events_of_one_member_do_not_hide_those_of_another_or_on_another_joke(
    store: Store,
) -> None:
    first, second = await tell(store), await tell(store)
    await store.cast(first, "ann", press(1, event=9))
    assert (await store.cast(first, "bob", press(1, event=1))).tally == up(2)
    assert (await store.cast(second, "ann", press(1, event=1))).tally == up(1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(st.integers(0, 9), st.sampled_from([-1, 0, 1])), max_size=10).map(
        lambda pairs: list(dict(pairs).items())
    ),
    data=st.data(),
)
async def test_in_whatever_order_and_however_often_events_come_the_newest_holds(
    store: Store, events: list[tuple[int, int]], data: st.DataObject
) -> None:
    delivered = data.draw(st.permutations(events + events[:3]))
    number = await tell(store)
    for event, value in delivered:
        await store.cast(number, "ann", set_to(value, event=event))
    newest = max(events, default=(0, 0))[1]
    assert await store.tally(number) == Tally(up=newest == 1, down=newest == -1, flags=0)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from("ab"), BALLOTS), max_size=12))
async def test_the_store_on_disk_and_its_twin_agree_on_any_ballots(
    sql_store: SqlStore, clock: StillClock, moves: list[tuple[str, Ballot]]
) -> None:
    twin = MemoryStore(clock=clock)
    on_disk, in_memory = await tell(sql_store), await tell(twin)
    for member, ballot in moves:
        assert await sql_store.cast(on_disk, member, ballot) == await twin.cast(
            in_memory, member, ballot
        )


@pytest.mark.parametrize("number", [0, -1, 999, 2**63])
async def test_nothing_can_be_done_with_a_joke_nobody_told(store: Store, number: int) -> None:
    with pytest.raises(UnknownJoke):
        await store.cast(number, "ann", press(1))
    with pytest.raises(UnknownJoke):
        await store.hide(number)
    with pytest.raises(UnknownJoke):
        await store.shown(number)


async def test_a_request_that_is_not_told_cannot_be_hidden_or_shown(store: Store) -> None:
    number = await store.open_request(ask())
    with pytest.raises(UnknownJoke):
        await store.hide(number)
    with pytest.raises(UnknownJoke):
        await store.shown(number)


async def test_a_ballot_has_one_of_three_values(store: Store) -> None:
    number = await tell(store)
    with pytest.raises(ValueError, match="A vote is"):
        await store.cast(number, "ann", press(2))


async def test_a_forgotten_member_may_vote_again_as_if_for_the_first_time(store: Store) -> None:
    number = await tell(store)
    await store.cast(number, "ann", press(1, event=9))
    assert await store.forget("discord", "ann") == 1
    assert await store.cast(number, "ann", press(-1, event=1)) == Voted(
        value=-1, tally=Tally(up=0, down=1, flags=0)
    )


# Hidden jokes


async def test_a_joke_is_hidden_once_and_for_good(store: Store) -> None:
    number = await tell(store)
    assert await store.hide(number) is True
    assert await store.hide(number) is False
    assert (await store.shown(number)).hidden


async def test_a_shown_joke_is_what_its_message_says(store: Store) -> None:
    number = await tell(store, CHAT, text="A good one.")
    await store.vote(number, "ann", 1)
    await store.vote(number, "bob", -1)
    await store.flag(number, "bob")
    assert await store.shown(number) == ShownJoke(
        id=number,
        community=CHAT,
        text="A good one.",
        tally=Tally(up=1, down=1, flags=1),
        hidden=False,
    )


async def test_a_hidden_joke_takes_votes_but_is_not_one_of_the_best(store: Store) -> None:
    hidden, other = await tell(store, text="hidden"), await tell(store, text="other")
    for number in (hidden, other):
        await store.vote(number, "ann", 1)
    await store.hide(hidden)
    assert (await store.cast(hidden, "bob", press(1))).tally == up(2)
    assert [row.text for row in await store.top(GUILD, since=None, limit=10)] == ["other"]


# Topics and versions


async def test_topics_are_those_that_made_people_laugh_the_most_liked_first(store: Store) -> None:
    await told_topic(store, "dogs", 1)
    await told_topic(store, "cats", 1, 1, 1)
    await told_topic(store, "fish", 1, -1)
    await told_topic(store, "bugs", -1)
    await told_topic(store, "birds")
    await told_topic(store, None, 1, 1)
    await store.hide(await told_topic(store, "ghosts", 1, 1))
    await store.open_request(ask(topic="pending"))
    assert await store.topics(GUILD, beginning="", limit=10) == ["cats", "dogs"]
    assert await store.topics(GUILD, beginning="", limit=1) == ["cats"]
    assert await store.topics(GUILD, beginning="", limit=-1) == []
    assert await store.topics(CHAT, beginning="", limit=10) == []


async def test_a_topic_is_the_same_however_it_is_written_and_equals_are_in_order(
    store: Store,
) -> None:
    await told_topic(store, "Cats", 1, 1)
    await told_topic(store, "CATS", -1, 1)
    await told_topic(store, "Ärzte", 1)
    await told_topic(store, "ärzte", 1)
    await told_topic(store, "bears", 1, 1)
    assert await store.topics(GUILD, beginning="", limit=10) == ["bears", "cats", "ärzte"]


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        ("ca", ["cats", "cars"]),
        ("CAR", ["cars"]),
        ("ñ", ["ñandúes"]),
        ("ÑANDÚ", ["ñandúes"]),
        ("ats", []),
        ("%", []),
        ("c_", []),
        ("cats and", []),
    ],
)
async def test_topics_begin_as_was_typed_in_any_case_of_letters(
    store: Store, beginning: str, found: list[str]
) -> None:
    await told_topic(store, "cats", 1, 1)
    await told_topic(store, "Cars", 1)
    await told_topic(store, "Ñandúes", 1)
    assert await store.topics(GUILD, beginning=beginning, limit=10) == found


async def test_a_topic_loses_its_place_with_its_votes(store: Store) -> None:
    number = await told_topic(store, "cats", 1)
    await store.vote(number, "member 0", 0)
    assert await store.topics(GUILD, beginning="", limit=10) == []


async def test_versions_are_counted_over_all_communities_the_latest_to_tell_first(
    store: Store, clock: StillClock
) -> None:
    assert await store.versions() == []
    numbers = []
    for community, version in [(GUILD, "one"), (CHAT, "two"), (CHAT, "one"), (GUILD, "two")]:
        clock.move(seconds=1)
        number = await store.open_request(ask(community))
        await store.mark_told(number, replace(joke(), model_version=version))
        numbers.append(number)
    for member, value in [("ann", 1), ("bob", 1), ("cat", -1), ("dan", 0)]:
        await store.vote(numbers[0], member, value)
    await store.vote(numbers[2], "ann", 1)
    declined = await store.open_request(ask())
    await store.mark_declined(declined, Reason.BUSY)
    two, one = await store.versions()
    assert two == VersionRecord(version="two", jokes=2, up=0, down=0, last_told=clock())
    assert (one.version, one.jokes, one.up, one.down) == ("one", 2, 3, 1)
    assert one.last_told < two.last_told
    assert one.last_told.tzinfo == two.last_told.tzinfo


# Events that ask


async def test_an_event_asks_once_in_a_community_whatever_became_of_it(store: Store) -> None:
    first = await store.open_request(ask(origin="e1"))
    with pytest.raises(DuplicateRequest):
        await store.open_request(ask(member="bob", origin="e1"))
    await store.mark_declined(first, Reason.BUSY)
    with pytest.raises(DuplicateRequest):
        await store.open_request(ask(origin="e1"))
    assert await store.open_request(ask(origin="e2")) != first
    assert await store.open_request(ask(CHAT, origin="e1")) != first


async def test_requests_without_an_event_are_never_duplicates(store: Store) -> None:
    assert await store.open_request(ask()) != await store.open_request(ask())


async def test_the_next_process_knows_which_events_have_asked(
    store: Store, clock: StillClock, place: Place
) -> None:
    await store.open_request(ask(origin="e1"))
    async with next_process(store, clock, place) as successor:
        with pytest.raises(DuplicateRequest):
            await successor.open_request(ask(origin="e1"))


@pytest.mark.parametrize("origin", ["\x00", "\ud800"])
async def test_an_event_whose_name_cannot_be_stored_is_refused(store: Store, origin: str) -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        await store.open_request(ask(origin=origin))


# What must still arrive


async def told_to(store: Store, address: str | None, **details: str) -> int:
    number = await store.open_request(ask(address=address, **details))
    assert await store.mark_told(number, joke("For you."))
    return number


async def test_a_joke_not_known_to_have_arrived_is_handed_once_to_the_next_process(
    store: Store, clock: StillClock, place: Place
) -> None:
    number = await told_to(store, "channel 1", topic="cats", opening="Why")
    assert await store.undelivered() == []
    async with next_process(store, clock, place) as successor:
        (found,) = await successor.undelivered()
        assert (found.front, found.address) == ("discord", "channel 1")
        assert (found.joke.id, found.joke.text) == (number, "For you.")
        assert (found.joke.topic, found.joke.opening) == ("cats", "Why")
        assert (found.joke.model_version, found.joke.tokens) == ("starter", 12)
        assert found.joke.seconds == 0.25
        assert await successor.undelivered() == []
        async with next_process(successor, clock, place) as third:
            assert [again.joke.id for again in await third.undelivered()] == [number]


async def test_what_has_arrived_or_has_no_address_is_not_handed_on(
    store: Store, clock: StillClock, place: Place
) -> None:
    await store.delivered(await told_to(store, "channel 1"))
    records = store.records  # type: ignore[attr-defined]
    await records.posted(
        await told_to(store, "channel 2"), Post(front="discord", place="2", message="1")
    )
    await told_to(store, None)
    declined = await store.open_request(ask(address="channel 3"))
    await store.mark_declined(declined, Reason.CANCELLED)
    await store.delivered(999)
    async with next_process(store, clock, place) as successor:
        assert await successor.undelivered() == []


async def test_a_joke_refused_as_a_repeat_is_not_to_be_delivered(
    store: Store, clock: StillClock, place: Place
) -> None:
    first = await store.open_request(ask())
    await store.mark_told(first, joke(fingerprint="f"))
    again = await store.open_request(ask(address="channel 1"))
    assert not await store.mark_told(again, joke(fingerprint="f"))
    async with next_process(store, clock, place) as successor:
        assert await successor.undelivered() == []
        assert [orphan.joke_id for orphan in await successor.orphans()] == [again]


async def test_nothing_is_delivered_any_more_to_a_member_who_was_forgotten(
    store: Store, clock: StillClock, place: Place
) -> None:
    await told_to(store, "channel 1", member="ann")
    kept = await told_to(store, "channel 2", member="bob")
    pending = await store.open_request(ask(member="ann", address="channel 3"))
    await store.forget("discord", "ann")
    assert await store.mark_told(pending, joke())
    async with next_process(store, clock, place) as successor:
        assert [found.joke.id for found in await successor.undelivered()] == [kept]
