"""Every request has exactly one answer, and none is left pending, whatever goes wrong."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.port import GenerationError
from bot.jokes import Declined, Joke, Reason
from bot.quotas import QuotaLimits
from bot.service import Flagged, JokeService
from bot.store.port import RankedJoke, Stats, Tally, UnknownJoke
from tests.bot.room import (
    BULL,
    HERE,
    OCEAN,
    REQUEST,
    RUDE_JOKE,
    ZERO,
    Room,
    later,
    told,
)
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore


async def test_a_member_over_the_quota_hears_how_long_to_wait() -> None:
    limits = QuotaLimits(member_jokes=1, community_jokes=0, window_seconds=60)
    room = Room(drawn(BULL), limits=limits)
    await room.tell()
    refusal = await room.tell()
    assert isinstance(refusal, Declined)
    assert refusal.reason is Reason.MEMBER_QUOTA
    assert refusal.seconds in range(50, 61)
    assert room.states() == ["told"]


async def test_a_community_over_the_quota_hears_how_long_to_wait() -> None:
    limits = QuotaLimits(member_jokes=0, community_jokes=2, window_seconds=60)
    room = Room(drawn(BULL), drawn(OCEAN), limits=limits)
    await room.tell()
    await room.tell(replace(REQUEST, member="bob"))
    refusal = await room.tell(replace(REQUEST, member="eve"))
    assert isinstance(refusal, Declined)
    assert refusal.reason is Reason.COMMUNITY_QUOTA
    assert refusal.seconds in range(50, 61)


async def test_requests_of_the_same_moment_cannot_slip_past_the_quota() -> None:
    limits = QuotaLimits(member_jokes=2, community_jokes=0, window_seconds=60)
    room = Room(drawn(BULL), drawn(OCEAN), limits=limits)
    answers = await asyncio.gather(*(room.tell() for _ in range(10)))
    assert sum(isinstance(answer, Joke) for answer in answers) == 2


async def test_the_operator_is_outside_the_quotas() -> None:
    limits = QuotaLimits(member_jokes=1, community_jokes=1, window_seconds=60)
    room = Room(drawn(BULL), drawn(OCEAN), drawn(ZERO), limits=limits)
    for _ in range(3):
        assert told(await room.tell(replace(REQUEST, operator=True)))


@pytest.mark.parametrize(
    "error",
    [
        GenerationError(Reason.BUSY, seconds=12),
        GenerationError(Reason.MODEL_DOWN, seconds=30),
        GenerationError(Reason.TOO_MANY_WAITING, seconds=4),
        GenerationError(Reason.GAVE_UP),
        GenerationError(Reason.TOO_LONG),
    ],
    ids=lambda error: error.reason.value,
)
async def test_why_there_are_no_candidates_is_passed_on_with_the_seconds(
    error: GenerationError,
) -> None:
    room = Room(error)
    assert await room.tell() == Declined(reason=error.reason, seconds=error.seconds)
    assert (room.row.state, room.row.reason) == ("declined", error.reason)


async def test_an_error_in_a_later_round_closes_the_request_too() -> None:
    room = Room(drawn(RUDE_JOKE), GenerationError(Reason.GAVE_UP))
    assert await room.tell() == Declined(reason=Reason.GAVE_UP)
    assert room.states() == ["declined"]


async def test_the_deadline_is_for_all_rounds_together() -> None:
    slow = later()
    room = Room(slow, later(), deadline_seconds=0.3)
    telling = asyncio.create_task(room.tell())
    await room.begun()
    await asyncio.sleep(0.1)
    slow.set_result(drawn(RUDE_JOKE))
    assert await telling == Declined(reason=Reason.DEADLINE)
    assert room.row.reason is Reason.DEADLINE
    first, second = room.generator.requests
    assert second.deadline <= first.deadline - 0.1


# Giving up


async def test_whoever_gives_up_frees_the_generator_and_closes_the_request() -> None:
    room = Room(later())
    telling = asyncio.create_task(room.tell())
    await room.begun()
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert room.generator.abandoned == room.generator.requests
    assert (room.row.state, room.row.reason) == ("declined", Reason.CANCELLED)
    assert await room.service.finished(seconds=0)


async def test_giving_up_is_giving_up_even_when_the_store_is_out_of_reach() -> None:
    room = Room(later(), drawn(BULL), GenerationError(Reason.BUSY))
    telling = asyncio.create_task(room.tell())
    await room.begun()
    room.store.unavailable = True
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert room.states() == ["pending"]


async def test_what_the_store_could_not_close_is_closed_with_the_next_request() -> None:
    answer = later()
    room = Room(answer, GenerationError(Reason.BUSY))
    telling = asyncio.create_task(room.tell())
    await room.begun()
    room.store.unavailable = True
    answer.set_result(drawn(BULL))
    assert await telling == Declined(reason=Reason.STORE)
    assert room.states() == ["pending"]
    room.store.unavailable = False
    await room.tell()
    assert [row.reason for row in room.store.rows.values()] == [Reason.STORE, Reason.BUSY]


async def test_a_store_out_of_reach_is_an_answer_and_a_line_for_the_admin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room()
    room.store.unavailable = True
    assert await room.tell() == Declined(reason=Reason.STORE)
    assert "The disk is full" in caplog.text
    assert await room.service.finished(seconds=0)


async def test_a_mistake_of_ours_leaves_no_request_pending() -> None:
    room = Room()
    with pytest.raises(AssertionError):
        await room.tell()
    assert room.states() == ["declined"]
    assert await room.service.finished(seconds=0)


# Stopping


async def test_a_service_that_closes_apologises_and_keeps_nothing() -> None:
    room = Room()
    room.service.stop_accepting()
    assert await room.tell() == Declined(reason=Reason.CLOSING)
    assert room.store.rows == {}


async def test_a_service_that_closes_finishes_what_it_began() -> None:
    answer = later()
    room = Room(answer)
    telling = asyncio.create_task(room.tell())
    await room.begun()
    room.service.stop_accepting()
    assert not await room.service.finished(seconds=0)
    answer.set_result(drawn(BULL))
    assert await room.service.finished(seconds=20)
    assert told(await telling) == BULL


# Votes


async def test_votes_can_be_given_changed_withdrawn_and_counted() -> None:
    room = Room(drawn(BULL))
    await room.tell()
    service = room.service
    assert await service.vote(1, "ada", 1) == Tally(up=1, down=0, flags=0)
    assert await service.vote(1, "bob", 1) == Tally(up=2, down=0, flags=0)
    assert await service.vote(1, "bob", -1) == Tally(up=1, down=1, flags=0)
    assert await service.retract(1, "bob") == Tally(up=1, down=0, flags=0)
    assert await service.top(HERE, since=None, limit=5) == [
        RankedJoke(id=1, text=BULL, up=1, down=0)
    ]
    flagged = await service.flag(1, "eve")
    assert flagged == Flagged(tally=Tally(up=1, down=0, flags=1), hidden=False, newly_hidden=False)
    assert await service.stats(HERE, "ada") == Stats(
        jokes=1,
        votes_up=1,
        votes_down=0,
        flags=1,
        my_jokes=1,
        my_votes_up=1,
        my_votes_down=0,
    )
    assert await service.forget("memory", "ada") == 1
    assert await service.top(HERE, since=None, limit=5) == []


async def test_a_joke_nobody_told_cannot_be_voted_on() -> None:
    room = Room(drawn(RUDE_JOKE), rounds=1)
    await room.tell()
    for joke_id in (1, 2):
        with pytest.raises(UnknownJoke):
            await room.service.vote(joke_id, "ada", 1)


# Many at once


@settings(max_examples=40)
@given(
    plans=st.lists(
        st.sampled_from(["joke", "unfit", "busy", "give up", "too long"]), min_size=1, max_size=12
    ),
    member_jokes=st.integers(0, 3),
)
def test_however_requests_come_and_go_each_has_one_answer_and_none_is_left(
    plans: list[str], member_jokes: int
) -> None:
    asyncio.run(_crowd(plans, member_jokes))


async def _crowd(plans: list[str], member_jokes: int) -> None:
    store = MemoryStore()
    limits = QuotaLimits(member_jokes=member_jokes, community_jokes=0, window_seconds=60)
    tasks = []
    for number, plan in enumerate(plans):
        service = _service_for(plan, store, limits, text=f"Joke number {number} is a good one.")
        request = replace(REQUEST, topic="x" * 30 if plan == "too long" else None)
        tasks.append(asyncio.create_task(service.tell(request)))
    await asyncio.sleep(0)
    for plan, task in zip(plans, tasks, strict=True):
        if plan == "give up":
            task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for plan, answer in zip(plans, answers, strict=True):
        gave_up = isinstance(answer, asyncio.CancelledError)
        assert gave_up or isinstance(answer, Joke | Declined)
        assert plan == "give up" or not gave_up
    states = [row.state for row in store.rows.values()]
    assert "pending" not in states
    assert states.count("told") == sum(isinstance(answer, Joke) for answer in answers)


def _service_for(plan: str, store: MemoryStore, limits: QuotaLimits, *, text: str) -> JokeService:
    scripts: dict[str, list[Scripted]] = {
        "joke": [drawn(text)],
        "unfit": [drawn(RUDE_JOKE)],
        "busy": [GenerationError(Reason.BUSY, seconds=3)],
        "give up": [later()],
        "too long": [],
    }
    return service_on(
        store=store, generator=ScriptedGenerator(scripts[plan]), limits=limits, rounds=1
    )
