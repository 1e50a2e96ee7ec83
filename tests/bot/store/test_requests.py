"""Requests become told or declined, are counted, and outlive their process; disk and twin alike."""

import asyncio
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from bot.jokes import Reason
from bot.store.port import (
    PendingRequest,
    Store,
    StoreUnavailable,
    Tally,
    UnknownJoke,
    Usage,
)
from tests.bot.store.conftest import CHAT, GUILD, StillClock, ask, joke, next_process, tell


async def test_every_request_gets_a_number_of_its_own(store: Store) -> None:
    numbers = [await store.open_request(ask()) for _ in range(3)]
    assert len(set(numbers)) == 3


async def test_a_joke_can_be_told_once_in_a_community_and_once_more_in_another(
    store: Store,
) -> None:
    first = await store.open_request(ask())
    again = await store.open_request(ask())
    elsewhere = await store.open_request(ask(CHAT))
    assert await store.mark_told(first, joke(fingerprint="f"))
    assert not await store.mark_told(again, joke(fingerprint="f"))
    assert await store.mark_told(elsewhere, joke(fingerprint="f"))


async def test_a_refused_repeat_leaves_the_request_open_for_another_joke(store: Store) -> None:
    first = await store.open_request(ask())
    second = await store.open_request(ask())
    await store.mark_told(first, joke("One.", fingerprint="f"))
    assert not await store.mark_told(second, joke("One.", fingerprint="f"))
    with pytest.raises(UnknownJoke):
        await store.tally(second)
    assert await store.mark_told(second, joke("Two.", fingerprint="g"))
    assert await store.tally(second) == Tally(up=0, down=0, flags=0)


async def test_of_two_requests_that_tell_the_same_joke_at_once_one_does(store: Store) -> None:
    numbers = [await store.open_request(ask()) for _ in range(10)]
    told = await asyncio.gather(
        *(store.mark_told(number, joke(fingerprint="f")) for number in numbers)
    )
    assert sorted(told) == [False] * 9 + [True]


async def test_a_repeat_without_fingerprint_is_always_allowed(store: Store) -> None:
    for _ in range(2):
        number = await store.open_request(ask(seed=7))
        assert await store.mark_told(number, joke(fingerprint=None))


async def test_what_was_heard_is_remembered_for_each_community(store: Store) -> None:
    number = await store.open_request(ask())
    await store.mark_told(number, joke(fingerprint="f"))
    assert await store.heard(GUILD, ["f", "g"]) == {"f"}
    assert await store.heard(CHAT, ["f", "g"]) == set()
    assert await store.heard(GUILD, []) == set()


async def test_a_request_is_closed_once(store: Store) -> None:
    told = await tell(store)
    await store.mark_declined(told, Reason.DEADLINE)
    assert await store.tally(told) == Tally(up=0, down=0, flags=0)
    declined = await store.open_request(ask())
    await store.mark_declined(declined, Reason.DEADLINE)
    for closed in (told, declined):
        with pytest.raises(UnknownJoke):
            await store.mark_told(closed, joke())
    await store.mark_declined(999, Reason.LOST)


async def test_usage_counts_recent_requests_of_a_member_and_of_a_community(
    store: Store, clock: StillClock
) -> None:
    start = clock()
    await store.open_request(ask(member="ann"))
    clock.move(seconds=10)
    second = clock()
    await tell(store, member="ann")
    await tell(store, member="bob")
    await store.open_request(ask(CHAT, member="ann"))
    assert await store.usage(GUILD, member="ann", since=start) == Usage(count=2, oldest=start)
    assert await store.usage(GUILD, member="ann", since=second) == Usage(count=1, oldest=second)
    assert await store.usage(GUILD, member=None, since=start) == Usage(count=3, oldest=start)
    later = second + timedelta(microseconds=1)
    assert await store.usage(GUILD, member=None, since=later) == Usage(count=0, oldest=None)


async def test_usage_leaves_out_the_operator_and_declined_requests(
    store: Store, clock: StillClock
) -> None:
    await store.open_request(ask(operator=True))
    declined = await store.open_request(ask())
    await store.mark_declined(declined, Reason.BUSY)
    assert await store.usage(GUILD, member="ann", since=clock()) == Usage(count=0, oldest=None)


async def test_times_come_back_in_utc_whatever_zone_was_asked_in(
    store: Store, clock: StillClock
) -> None:
    await store.open_request(ask())
    since = clock().astimezone(timezone(timedelta(hours=9)))
    usage = await store.usage(GUILD, member=None, since=since)
    assert usage.oldest is not None
    assert usage.oldest.tzinfo is UTC
    assert usage.oldest == clock()


async def test_a_closed_store_refuses_everything_and_closes_again(store: Store) -> None:
    number = await tell(store)
    await store.close()
    await store.close()
    for call in (
        store.open_request(ask()),
        store.mark_told(number, joke()),
        store.mark_declined(number, Reason.LOST),
        store.heard(GUILD, ["f"]),
        store.usage(GUILD, member=None, since=StillClock()()),
        store.vote(number, "ann", 1),
        store.flag(number, "ann"),
        store.tally(number),
        store.top(GUILD, since=None, limit=1),
        store.stats(GUILD, "ann"),
        store.forget("discord", "ann"),
        store.orphans(),
    ):
        with pytest.raises(StoreUnavailable):
            await call


async def test_a_store_has_no_orphans_of_its_own(store: Store) -> None:
    await store.open_request(ask())
    assert await store.orphans() == []


async def test_what_a_closed_store_left_pending_is_adopted_once_and_oldest_first(
    store: Store, clock: StillClock, directory: Path
) -> None:
    requests = [
        ask(GUILD, "ann", topic="cats", opening="Why", seed=3, address="there", operator=True),
        ask(CHAT, "bob"),
        ask(GUILD, "forgotten", address="nowhere"),
    ]
    numbers = []
    for request in requests:
        numbers.append(await store.open_request(request))
        clock.move(seconds=1)
    await tell(store)
    await store.forget("discord", "forgotten")
    async with next_process(store, clock, directory) as successor:
        orphans = await successor.orphans()
        assert [orphan.joke_id for orphan in orphans] == numbers
        first, second, third = orphans
        assert first == PendingRequest(
            joke_id=numbers[0],
            request=ask(
                GUILD,
                first.request.member,
                topic="cats",
                opening="Why",
                seed=3,
                address="there",
                operator=True,
            ),
        )
        assert len(first.request.member) == 32
        assert second.request.community == CHAT
        assert (third.request.member, third.request.address) == ("", None)
        assert await successor.orphans() == []
        assert await successor.mark_told(numbers[0], joke())
