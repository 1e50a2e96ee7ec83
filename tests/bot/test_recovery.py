"""What becomes of requests whose bot process died: answered once, or closed."""

import asyncio
from dataclasses import replace

import pytest

from bot.generation.port import GenerationError
from bot.jokes import Community, Declined, Joke, JokeRequest, Reason
from bot.recovery import Recovery
from tests.campaigns.waiting import until
from tests.twins.front import MemoryFront
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore

SECONDS = 20
HERE = Community(front="memory", key="here")
REQUEST = JokeRequest(community=HERE, member="ada", topic="bulls", address="chat 1")
BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."


async def left_behind(*requests: JokeRequest) -> MemoryStore:
    """The store as the next process finds it after the one with these requests was killed."""
    store = MemoryStore()
    for request in requests:
        await store.open_request(request)
    return store.successor()


async def recover(store: MemoryStore, front: MemoryFront, *answers: Scripted) -> int:
    service = service_on(store=store, generator=ScriptedGenerator(answers))
    async with asyncio.timeout(20):
        answered = await Recovery(service=service, fronts={front.name: front}).run()
    assert await service.finished(seconds=0)
    return answered


def reasons(store: MemoryStore) -> list[Reason | None]:
    assert all(row.state != "pending" for row in store.rows.values())
    return [row.reason for row in store.rows.values()]


async def test_a_request_that_can_still_be_answered_is_answered_once() -> None:
    store = await left_behind(REQUEST)
    front = MemoryFront().successor()
    assert await recover(store, front, drawn(BULL)) == 1
    (answer,) = front.delivered["chat 1"]
    assert isinstance(answer, Joke)
    assert (answer.id, answer.text, answer.topic) == (1, BULL, "bulls")
    assert store.rows[1].state == "told"
    assert await recover(store.successor(), front.successor()) == 0
    assert len(front.delivered["chat 1"]) == 1


async def test_a_no_is_an_answer_too() -> None:
    store = await left_behind(REQUEST)
    front = MemoryFront()
    assert await recover(store, front, GenerationError(Reason.MODEL_DOWN, seconds=9)) == 1
    assert front.delivered == {"chat 1": [Declined(reason=Reason.MODEL_DOWN, seconds=9)]}
    assert reasons(store) == [Reason.MODEL_DOWN]


async def test_the_oldest_request_is_answered_first() -> None:
    store = await left_behind(REQUEST, replace(REQUEST, address="chat 2"))
    front = MemoryFront()
    await recover(store, front, drawn(BULL), drawn(OCEAN))
    assert list(front.delivered) == ["chat 1", "chat 2"]


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, address=None),
        replace(REQUEST, address="chat that is gone"),
    ],
    ids=["no address", "address gone"],
)
async def test_a_request_nobody_would_hear_is_closed_without_making_a_joke(
    request_: JokeRequest,
) -> None:
    store = await left_behind(request_)
    front = MemoryFront()
    front.gone.add("chat that is gone")
    assert await recover(store, front) == 0
    assert front.delivered == {}
    assert reasons(store) == [Reason.LOST]


async def test_a_request_of_a_front_end_this_process_has_not_waits_for_one_that_has() -> None:
    store = await left_behind(REQUEST)
    assert await recover(store, MemoryFront(name="another")) == 0
    assert store.rows[1].state == "pending"
    front = MemoryFront()
    assert await recover(store.successor(), front, drawn(BULL)) == 1
    assert list(front.delivered) == ["chat 1"]


async def test_a_chat_that_breaks_does_not_keep_the_others_from_their_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = await left_behind(replace(REQUEST, address="broken"), REQUEST)
    front = MemoryFront()
    front.broken.add("broken")
    assert await recover(store, front, drawn(BULL), drawn(OCEAN)) == 1
    assert list(front.delivered) == ["chat 1"]
    assert [row.state for row in store.rows.values()] == ["told", "told"]
    assert "Request 1 from before the restart is lost." in caplog.text


async def test_a_mistake_of_ours_closes_the_request_and_goes_on() -> None:
    store = await left_behind(REQUEST, replace(REQUEST, address=None))
    assert await recover(store, MemoryFront()) == 0
    assert reasons(store) == [Reason.STORE, Reason.LOST]


async def test_requests_of_a_process_that_lives_are_left_alone() -> None:
    store = MemoryStore()
    await store.open_request(REQUEST)
    front = MemoryFront()
    service = service_on(store=store, generator=ScriptedGenerator([]))
    assert await Recovery(service=service, fronts={front.name: front}).run() == 0
    assert [row.state for row in store.rows.values()] == ["pending"]


async def test_a_stop_in_the_middle_closes_what_was_being_made() -> None:
    store = await left_behind(REQUEST)
    generator = ScriptedGenerator([asyncio.get_running_loop().create_future()])
    service = service_on(store=store, generator=generator)
    recovering = asyncio.create_task(
        Recovery(service=service, fronts={"memory": MemoryFront()}).run()
    )
    await until(lambda: generator.requests, seconds=SECONDS)
    assert not await service.finished(seconds=0)
    recovering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recovering
    assert reasons(store) == [Reason.CANCELLED]
    assert generator.abandoned == generator.requests
