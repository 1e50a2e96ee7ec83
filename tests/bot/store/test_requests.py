"""Requests become told or declined, are counted, and outlive their process; disk and twin alike."""

import asyncio
from datetime import timedelta

import pytest

from bot.jokes import Reason
from bot.store.port import (
    DuplicateRequest,
    PendingRequest,
    QuotaReached,
    Store,
    StoreUnavailable,
    Tally,
    UnknownJoke,
)
from tests.bot.store.conftest import (
    CHAT,
    GUILD,
    Place,
    StillClock,
    ask,
    at_most,
    joke,
    next_process,
    tell,
    used,
)


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


async def test_a_quota_counts_recent_requests_of_a_member_or_of_a_community(
    store: Store, clock: StillClock
) -> None:
    await store.open_request(ask(member="ann"))
    clock.move(seconds=10)
    await tell(store, member="ann")
    await tell(store, member="bob")
    await store.open_request(ask(CHAT, member="ann"))
    assert await used(store, ask(member="ann")) == 2
    assert await used(store, ask(member="ann"), of_everybody=True) == 3
    clock.move(seconds=50)
    assert await used(store, ask(member="ann")) == 2
    clock.move(seconds=1)
    assert await used(store, ask(member="ann")) == 1
    assert await used(store, ask(member="ann"), of_everybody=True) == 2


async def test_of_several_quotas_the_first_that_is_used_up_says_how_long_it_is(
    store: Store, clock: StillClock
) -> None:
    quotas = [at_most(3), at_most(2, seconds=30, of_everybody=True), at_most(1, seconds=20)]
    await store.open_request(ask(), quotas=quotas)
    clock.move(seconds=5)
    with pytest.raises(QuotaReached) as caught:
        await store.open_request(ask(), quotas=quotas)
    assert (caught.value.quota, caught.value.left) == (quotas[2], timedelta(seconds=15))
    await store.open_request(ask(member="bob"), quotas=quotas)
    with pytest.raises(QuotaReached) as caught:
        await store.open_request(ask(), quotas=quotas)
    assert (caught.value.quota, caught.value.left) == (quotas[1], timedelta(seconds=25))


async def test_requests_of_the_same_moment_count_each_other(store: Store) -> None:
    quotas = [at_most(3), at_most(5, of_everybody=True)]
    members = ["ada"] * 10 + ["bob"] * 10
    opened = await asyncio.gather(
        *(store.open_request(ask(member=member), quotas=quotas) for member in members),
        return_exceptions=True,
    )
    admitted = [
        member for member, number in zip(members, opened, strict=True) if isinstance(number, int)
    ]
    assert admitted == ["ada"] * 3 + ["bob"] * 2
    assert sum(isinstance(number, QuotaReached) for number in opened) == 15


async def test_an_event_seen_before_is_a_duplicate_even_when_the_quota_is_used_up(
    store: Store,
) -> None:
    await store.open_request(ask(origin="event 1"), quotas=[at_most(1)])
    with pytest.raises(DuplicateRequest):
        await store.open_request(ask(origin="event 1"), quotas=[at_most(1)])


async def test_a_quota_leaves_out_the_operator_and_declined_requests(store: Store) -> None:
    await store.open_request(ask(operator=True))
    declined = await store.open_request(ask())
    await store.mark_declined(declined, Reason.BUSY)
    assert await used(store, ask()) == 0


async def test_a_closed_store_refuses_everything_and_closes_again(store: Store) -> None:
    number = await tell(store)
    await store.close()
    await store.close()
    for call in (
        store.open_request(ask()),
        store.mark_told(number, joke()),
        store.mark_declined(number, Reason.LOST),
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
    store: Store, clock: StillClock, place: Place
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
    async with next_process(store, clock, place) as successor:
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
