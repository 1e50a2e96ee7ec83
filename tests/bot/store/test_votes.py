"""Votes, flags, the best jokes, counts and forgetting; on disk and in the twin alike."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.jokes import Community, Reason
from bot.store.port import (
    RankedJoke,
    Stats,
    Store,
    Tally,
    UnknownJoke,
)
from tests.bot.store.conftest import CHAT, GUILD, StillClock, ask, joke, tell, used


async def test_a_member_has_one_vote_that_can_be_changed_and_withdrawn(store: Store) -> None:
    number = await tell(store)
    assert await store.vote(number, "ann", 1) == Tally(up=1, down=0, flags=0)
    assert await store.vote(number, "ann", 1) == Tally(up=1, down=0, flags=0)
    assert await store.vote(number, "bob", 1) == Tally(up=2, down=0, flags=0)
    assert await store.vote(number, "ann", -1) == Tally(up=1, down=1, flags=0)
    assert await store.vote(number, "ann", 0) == Tally(up=1, down=0, flags=0)
    assert await store.vote(number, "cat", 0) == Tally(up=1, down=0, flags=0)
    assert await store.tally(number) == Tally(up=1, down=0, flags=0)


async def test_a_flag_counts_once_a_member_and_leaves_the_vote_alone(store: Store) -> None:
    number = await tell(store)
    await store.vote(number, "ann", 1)
    assert await store.flag(number, "ann") == Tally(up=1, down=0, flags=1)
    assert await store.flag(number, "ann") == Tally(up=1, down=0, flags=1)
    assert await store.flag(number, "bob") == Tally(up=1, down=0, flags=2)


@pytest.mark.parametrize("number", [0, -1, 999, 2**63 - 1, 2**63, 10**30])
async def test_a_number_nobody_told_is_an_unknown_joke(store: Store, number: int) -> None:
    with pytest.raises(UnknownJoke):
        await store.vote(number, "ann", 1)
    with pytest.raises(UnknownJoke):
        await store.flag(number, "ann")
    with pytest.raises(UnknownJoke):
        await store.tally(number)
    with pytest.raises(UnknownJoke):
        await store.mark_told(number, joke())


async def test_a_joke_that_is_not_told_yet_or_was_declined_takes_no_votes(store: Store) -> None:
    number = await store.open_request(ask())
    with pytest.raises(UnknownJoke):
        await store.vote(number, "ann", 1)
    await store.mark_declined(number, Reason.NOTHING_FIT)
    with pytest.raises(UnknownJoke):
        await store.vote(number, "ann", 1)


@pytest.mark.parametrize("value", [2, -2, 100])
async def test_a_vote_has_one_of_three_values(store: Store, value: int) -> None:
    number = await tell(store)
    with pytest.raises(ValueError, match="A vote is"):
        await store.vote(number, "ann", value)


async def test_the_best_jokes_come_first_and_newer_ones_before_equals(
    store: Store, clock: StillClock
) -> None:
    numbers = []
    for text in ("old", "new", "split", "best", "bad", "none", "flagged"):
        numbers.append(await tell(store, text=text))
        clock.move(seconds=1)
    old, new, split, best, bad, _, flagged = numbers
    for number, members in [(old, "a"), (new, "b"), (split, "abc"), (best, "abc"), (bad, "a")]:
        for member in members:
            await store.vote(number, member, 1)
    await store.vote(split, "d", -1)
    await store.vote(bad, "b", -1)
    await store.vote(bad, "c", -1)
    await store.vote(flagged, "a", 1)
    await store.flag(flagged, "b")
    top = await store.top(GUILD, since=None, limit=10)
    assert [row.text for row in top] == ["best", "split", "new", "old", "bad"]
    assert top[1] == RankedJoke(id=split, text="split", up=3, down=1)
    assert [row.text for row in await store.top(GUILD, since=None, limit=2)] == ["best", "split"]
    assert await store.top(GUILD, since=None, limit=0) == []
    assert await store.top(GUILD, since=None, limit=-1) == []
    assert await store.top(CHAT, since=None, limit=10) == []


async def test_newest_is_the_one_told_last_not_the_one_asked_for_last(
    store: Store, clock: StillClock
) -> None:
    asked_first = await store.open_request(ask())
    quick = await tell(store, text="quick")
    clock.move(seconds=1)
    assert await store.mark_told(asked_first, joke("slow"))
    for number in (asked_first, quick):
        await store.vote(number, "ann", 1)
    assert [row.text for row in await store.top(GUILD, since=None, limit=2)] == ["slow", "quick"]


async def test_top_of_a_period_looks_at_when_a_joke_was_told(
    store: Store, clock: StillClock
) -> None:
    first = await store.open_request(ask())
    clock.move(hours=1)
    moment = clock()
    await store.mark_told(first, joke("Asked before."))
    early = await tell(store, text="Told at the moment.")
    for number in (first, early):
        await store.vote(number, "ann", 1)
    assert len(await store.top(GUILD, since=moment, limit=10)) == 2
    later = moment + timedelta(microseconds=1)
    assert await store.top(GUILD, since=later, limit=10) == []


async def test_a_withdrawn_vote_does_not_make_a_joke_one_of_the_best(store: Store) -> None:
    number = await tell(store)
    await store.vote(number, "ann", 1)
    await store.vote(number, "ann", 0)
    assert await store.top(GUILD, since=None, limit=10) == []


async def test_stats_count_the_community_and_the_member_in_it(store: Store) -> None:
    mine = await tell(store, member="ann")
    other = await tell(store, member="bob")
    elsewhere = await tell(store, Community(front="discord", key="2"), member="ann")
    await store.open_request(ask(member="ann"))
    for number in (mine, elsewhere):
        await store.vote(number, "ann", 1)
    await store.vote(mine, "bob", -1)
    await store.vote(other, "ann", -1)
    await store.vote(other, "bob", 0)
    await store.flag(other, "ann")
    assert await store.stats(GUILD, "ann") == Stats(
        jokes=2, votes_up=1, votes_down=2, flags=1, my_jokes=1, my_votes_up=1, my_votes_down=1
    )
    nobody = Stats(
        jokes=0, votes_up=0, votes_down=0, flags=0, my_jokes=0, my_votes_up=0, my_votes_down=0
    )
    assert await store.stats(CHAT, "ann") == nobody


async def test_forgetting_a_member_erases_votes_and_flags_and_unlinks_jokes(
    store: Store, clock: StillClock
) -> None:
    first = await tell(store, member="ann")
    second = await tell(store, Community(front="discord", key="2"), member="bob")
    for number in (first, second):
        await store.vote(number, "ann", 1)
        await store.flag(number, "ann")
    await store.vote(first, "bob", -1)
    assert await store.forget("discord", "ann") == 2
    assert await store.tally(first) == Tally(up=0, down=1, flags=0)
    assert await store.tally(second) == Tally(up=0, down=0, flags=0)
    stats = await store.stats(GUILD, "ann")
    assert (stats.jokes, stats.my_jokes) == (1, 0)
    assert await used(store, ask(member="ann")) == 0
    assert await store.forget("discord", "ann") == 0


async def test_the_same_id_on_another_front_end_is_another_member(store: Store) -> None:
    number = await tell(store, GUILD, member="1")
    chat_number = await tell(store, CHAT, member="1")
    await store.vote(number, "1", 1)
    await store.vote(chat_number, "1", 1)
    assert await store.forget("telegram", "1") == 1
    assert await store.tally(number) == Tally(up=1, down=0, flags=0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([-1, 0, 1, None])), max_size=12
    )
)
async def test_the_tally_is_the_last_vote_of_each_member_and_all_flags(
    store: Store, moves: list[tuple[str, int | None]]
) -> None:
    number = await tell(store)
    last: dict[str, int] = {}
    flagged: set[str] = set()
    for member, value in moves:
        if value is None:
            flagged.add(member)
            await store.flag(number, member)
        else:
            last[member] = value
            await store.vote(number, member, value)
    values = list(last.values())
    assert await store.tally(number) == Tally(
        up=values.count(1), down=values.count(-1), flags=len(flagged)
    )
