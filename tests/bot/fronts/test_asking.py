"""A request in a chat: one answer, a true place while it takes long, and a way to give it up."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.fronts.asking import Asks, Cancelled
from bot.generation.queue import Place
from bot.jokes import Answer, Declined, Reason
from tests.bot.room import BULL, OCEAN, REQUEST, SECONDS, Room, later, told
from tests.campaigns.waiting import until
from tests.twins.generator import Scripted
from tests.twins.service import drawn

PACE = 0.2


class Chat:
    """Requests on a platform; `shown` is what members saw of their places, and when."""

    def __init__(self, *answers: Scripted, patience: float = 0.0, pace: float = 0.01) -> None:
        self.room = Room(*answers, place=Place(0, 3))
        self.asks = Asks(service=self.room.service, patience_seconds=patience, pace_seconds=pace)
        self.shown: list[Place | None] = []
        self.times: list[float] = []

    async def show(self, place: Place | None) -> None:
        self.shown.append(place)
        self.times.append(time.monotonic())

    def ask(self, key: str = "1", member: str = "ada") -> "asyncio.Task[Answer]":
        request = replace(REQUEST, member=member, origin=key)
        return asyncio.create_task(self.asks.ask(request, key=key, show=self.show))

    async def seen(self, *places: Place | None) -> None:
        """Wait until exactly these places have been shown."""
        await until(lambda: self.shown == list(places), seconds=SECONDS)


@pytest.fixture(autouse=True)
async def nothing_is_left_running() -> AsyncIterator[None]:
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}


# The answer


async def test_a_request_is_answered_and_nobody_is_shown_a_place_when_it_is_quick() -> None:
    chat = Chat(drawn(BULL), patience=SECONDS)
    assert told(await chat.ask()) == BULL
    assert chat.shown == []


async def test_a_refusal_is_an_answer_too() -> None:
    chat = Chat()
    chat.room.service.stop_accepting()
    assert await chat.ask() == Declined(reason=Reason.CLOSING)


async def test_a_mistake_of_ours_is_heard_of_and_leaves_nothing_behind() -> None:
    chat = Chat()
    with pytest.raises(AssertionError):
        await chat.ask()
    assert chat.asks.cancel("1", "ada") is Cancelled.TOO_LATE


async def test_an_event_delivered_twice_at_the_same_moment_is_answered_once() -> None:
    answer = later()
    chat = Chat(answer)
    first = chat.ask()
    await chat.room.begun()
    assert await chat.ask() == Declined(reason=Reason.DUPLICATE)
    assert chat.asks.cancel("1", "bob") is Cancelled.NOT_YOURS
    answer.set_result(drawn(BULL))
    assert told(await first) == BULL
    assert chat.asks.cancel("1", "ada") is Cancelled.TOO_LATE


async def test_the_earlier_of_two_with_one_key_is_the_one_that_can_be_cancelled() -> None:
    chat = Chat(later())
    first = chat.ask()
    await chat.room.begun()
    await chat.ask()
    assert chat.asks.cancel("1", "ada") is Cancelled.DONE
    assert await first == Declined(reason=Reason.CANCELLED)


# The place


async def test_a_place_is_shown_only_after_a_while() -> None:
    answer = later()
    chat = Chat(answer, patience=PACE)
    began = time.monotonic()
    asking = chat.ask()
    await chat.seen(Place(0, 3))
    assert chat.times[0] - began >= PACE
    answer.set_result(drawn(BULL))
    assert told(await asking) == BULL


async def test_a_place_is_shown_when_it_changes_and_not_again() -> None:
    answer = later()
    chat = Chat(answer)
    asking = chat.ask()
    await chat.seen(Place(0, 3))
    for _ in range(3):
        await asyncio.sleep(0.06)
    assert chat.shown == [Place(0, 3)]
    chat.room.generator.place = Place(0, 1)
    await chat.seen(Place(0, 3), Place(0, 1))
    chat.room.generator.place = None
    await chat.seen(Place(0, 3), Place(0, 1), None)
    answer.set_result(drawn(BULL))
    await asking


async def test_places_are_shown_no_faster_than_the_pace_however_fast_they_change() -> None:
    answer = later()
    chat = Chat(answer, pace=PACE)
    asking = chat.ask()
    for ahead in range(60, 0, -1):
        chat.room.generator.place = Place(0, ahead)
        await asyncio.sleep(0.01)
    answer.set_result(drawn(BULL))
    await asking
    assert len(chat.shown) >= 2
    pauses = [after - before for before, after in zip(chat.times, chat.times[1:], strict=False)]
    assert min(pauses) >= PACE * 0.9


async def test_nothing_is_shown_any_more_once_the_answer_is_there() -> None:
    answer = later()
    chat = Chat(answer)
    asking = chat.ask()
    await chat.seen(Place(0, 3))
    answer.set_result(drawn(BULL))
    await asking
    chat.room.generator.place = None
    await asyncio.sleep(0.1)
    assert chat.shown == [Place(0, 3)]


async def test_a_place_that_takes_for_ever_to_show_does_not_delay_the_answer() -> None:
    answer = later()
    chat = Chat(answer)
    showing = asyncio.Event()

    async def hang(place: Place | None) -> None:
        showing.set()
        await asyncio.Event().wait()

    asking = asyncio.create_task(chat.asks.ask(REQUEST, key="1", show=hang))
    await showing.wait()
    answer.set_result(drawn(BULL))
    async with asyncio.timeout(SECONDS):
        assert told(await asking) == BULL


@pytest.mark.parametrize("error", [ConnectionError("down"), TimeoutError()], ids=repr)
async def test_a_place_that_cannot_be_shown_costs_nobody_the_joke(error: Exception) -> None:
    answer = later()
    chat = Chat(answer)
    attempts: list[Place | None] = []

    async def fail(place: Place | None) -> None:
        attempts.append(place)
        raise error

    asking = asyncio.create_task(chat.asks.ask(REQUEST, key="1", show=fail))
    await until(lambda: len(attempts) == 1, seconds=SECONDS)
    chat.room.generator.place = None
    await until(lambda: attempts == [Place(0, 3), None], seconds=SECONDS)
    answer.set_result(drawn(BULL))
    assert told(await asking) == BULL


# Giving up


async def test_whoever_asked_can_cancel_and_frees_the_generator() -> None:
    chat = Chat(later())
    asking = chat.ask()
    await chat.room.begun()
    assert chat.asks.cancel("1", "ada") is Cancelled.DONE
    assert await asking == Declined(reason=Reason.CANCELLED)
    assert chat.room.generator.abandoned == chat.room.generator.requests
    assert (chat.room.row.state, chat.room.row.reason) == ("declined", Reason.CANCELLED)


async def test_nobody_else_can_cancel() -> None:
    answer = later()
    chat = Chat(answer)
    asking = chat.ask()
    await chat.room.begun()
    assert chat.asks.cancel("1", "bob") is Cancelled.NOT_YOURS
    assert chat.asks.cancel("2", "ada") is Cancelled.TOO_LATE
    assert not chat.asks.cancel_latest("bob")
    answer.set_result(drawn(BULL))
    assert told(await asking) == BULL


async def test_it_can_be_too_late_to_cancel() -> None:
    chat = Chat(drawn(BULL))
    await chat.ask()
    assert chat.asks.cancel("1", "ada") is Cancelled.TOO_LATE
    assert not chat.asks.cancel_latest("ada")


async def test_cancelling_twice_is_cancelling() -> None:
    chat = Chat(later())
    asking = chat.ask()
    await chat.room.begun()
    for _ in range(2):
        assert chat.asks.cancel("1", "ada") is Cancelled.DONE
    assert await asking == Declined(reason=Reason.CANCELLED)


async def test_the_latest_of_a_members_requests_in_a_place_can_be_given_up() -> None:
    answers = [later() for _ in range(4)]
    chat = Chat(*answers)
    asking = {}
    for count, (key, member) in enumerate(
        [("5:1", "ada"), ("5:2", "ada"), ("5:3", "bob"), ("6:1", "ada")], start=1
    ):
        asking[key] = chat.ask(key, member)
        await chat.room.begun(count)
    assert chat.asks.cancel_latest("ada", prefix="5:")
    assert await asking["5:2"] == Declined(reason=Reason.CANCELLED)
    assert chat.asks.cancel_latest("ada")
    assert await asking["6:1"] == Declined(reason=Reason.CANCELLED)
    assert not chat.asks.cancel_latest("ada", prefix="7:")
    answers[0].set_result(drawn(BULL))
    answers[2].set_result(drawn(OCEAN))
    assert told(await asking["5:1"]) == BULL
    assert told(await asking["5:3"]) == OCEAN


async def test_a_platform_that_gives_up_gives_up_the_request() -> None:
    chat = Chat(later())
    asking = chat.ask()
    await chat.room.begun()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert chat.room.row.reason is Reason.CANCELLED
    assert chat.asks.cancel("1", "ada") is Cancelled.TOO_LATE


async def test_a_platform_that_gives_up_at_once_leaves_nothing_behind() -> None:
    chat = Chat(later())
    asking = chat.ask()
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert chat.room.states() in ([], ["declined"])
    assert await chat.room.service.finished(seconds=0)
