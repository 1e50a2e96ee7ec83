"""Which joke a request is answered with, and what is made of its prompts."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.port import Wait
from bot.generation.queue import Place
from bot.jokes import Declined, Joke, JokeRequest, Reason
from finetune.candidates import Candidate
from tests.bot.room import (
    BULL,
    HERE,
    OCEAN,
    REQUEST,
    RUDE_JOKE,
    SOUR_JOKE,
    THERE,
    ZERO,
    Room,
    later,
    told,
)
from tests.twins.moderator import RUDE
from tests.twins.service import SAMPLING, drawn

# A joke


async def test_a_request_is_answered_with_a_joke_that_is_written_down() -> None:
    room = Room(drawn(BULL))
    joke = await room.tell(replace(REQUEST, topic="bulls"))
    assert isinstance(joke, Joke)
    assert joke == Joke(
        id=1,
        text=BULL,
        topic="bulls",
        opening=None,
        model_version="scripted",
        tokens=9,
        seconds=joke.seconds,
    )
    assert joke.seconds >= 0
    assert room.row.state == "told"
    assert room.row.told is not None
    assert room.row.told.text == BULL
    assert room.row.told.seconds == joke.seconds


async def test_what_is_written_down_is_enough_to_draw_the_joke_again() -> None:
    room = Room(drawn(BULL))
    await room.tell()
    (generation,) = room.generator.requests
    assert room.row.told is not None
    assert room.row.told.sampling == {
        "temperature": 0.9,
        "top_k": 0,
        "top_p": 0.95,
        "max_tokens": 64,
        "seed": generation.seed,
        "candidates": 4,
    }


async def test_the_generator_is_told_who_asks_where_for_what_and_how() -> None:
    room = Room(drawn(f"Why did {BULL}"), deadline_seconds=12)
    await room.tell(replace(REQUEST, topic="bulls", opening="Why did"))
    (generation,) = room.generator.requests
    assert (generation.community, generation.member) == ("memory:here", "ada")
    assert (generation.topic, generation.opening) == ("bulls", "Why did")
    assert (generation.count, generation.sampling) == (4, SAMPLING)
    assert 0 < generation.deadline <= 12
    assert not generation.again


async def test_two_requests_are_not_drawn_from_the_same_seed() -> None:
    room = Room(drawn(BULL), drawn(OCEAN))
    await room.tell()
    await room.tell()
    first, second = room.generator.requests
    assert first.seed != second.seed


async def test_whoever_waits_can_read_the_place_in_the_line() -> None:
    answer = later()
    room = Room(answer, place=Place(own=0, ahead=3))
    wait = Wait()
    telling = asyncio.create_task(room.tell(wait=wait))
    await room.begun()
    assert wait.place() == Place(own=0, ahead=3)
    answer.set_result(drawn(BULL))
    assert told(await telling) == BULL


async def test_what_is_drawn_together_is_judged_one_joke_at_each_turn_of_the_event_loop() -> None:
    answer, loop = later(), asyncio.get_running_loop()
    room = Room(*[answer] * 8)
    turn, told_at = 0, []

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    async def ask(number: int) -> None:
        told(await room.tell(replace(REQUEST, community=replace(HERE, key=f"place {number}"))))
        told_at.append(turn)

    asking = [asyncio.create_task(ask(number)) for number in range(8)]
    await room.begun(8)
    count()
    answer.set_result(drawn(BULL))
    await asyncio.gather(*asking)
    assert len(set(told_at)) == len(told_at) == 8


@pytest.mark.parametrize("words", [10, 150], ids=["short", "long"])
async def test_of_several_jokes_that_fit_the_likeliest_is_told_however_long(words: int) -> None:
    jokes = [" ".join(f"{name}{number}" for number in range(words)) for name in ("duck", "bull")]
    assert told(await Room(drawn(*jokes)).tell()) == jokes[0]


# Which joke


@pytest.mark.parametrize(
    "unfit",
    [
        drawn("What do you call a sleeping bull", complete=False),
        drawn("Ha!", "", "TOPIC: bulls JOKE: a bull"),
        drawn(RUDE_JOKE, SOUR_JOKE),
        [],
    ],
    ids=["incomplete", "not presentable", "not for families", "none"],
)
async def test_what_cannot_be_told_is_skipped_and_the_next_round_is_drawn(
    unfit: list[Candidate],
) -> None:
    room = Room(unfit, drawn(BULL))
    assert told(await room.tell()) == BULL
    first, second = room.generator.requests
    assert (first.again, second.again) == (False, True)
    assert second.seed == first.seed + 1
    assert second.deadline <= first.deadline


async def test_an_unfit_candidate_does_not_spoil_the_others() -> None:
    room = Room(drawn(RUDE_JOKE, BULL))
    assert told(await room.tell()) == BULL


@pytest.mark.parametrize("rounds", [1, 3])
async def test_after_the_last_round_the_member_hears_that_nothing_fitted(rounds: int) -> None:
    room = Room(*[drawn(RUDE_JOKE)] * rounds, rounds=rounds)
    assert await room.tell() == Declined(reason=Reason.NOTHING_FIT)
    assert len(room.generator.requests) == rounds
    assert (room.row.state, room.row.reason) == ("declined", Reason.NOTHING_FIT)


async def test_what_was_told_here_is_not_told_here_again() -> None:
    room = Room(drawn(BULL), drawn(BULL.upper(), OCEAN))
    assert told(await room.tell()) == BULL
    assert told(await room.tell(replace(REQUEST, member="bob"))) == OCEAN


async def test_what_was_told_here_may_be_told_elsewhere() -> None:
    room = Room(drawn(BULL), drawn(BULL))
    await room.tell()
    assert told(await room.tell(replace(REQUEST, community=THERE))) == BULL


async def test_of_two_requests_at_once_only_one_gets_the_joke_both_have_drawn() -> None:
    first, second = later(), later()
    room = Room(first, second, rounds=1)
    telling = [asyncio.create_task(room.tell()) for _ in range(2)]
    await room.begun(2)
    first.set_result(drawn(BULL, OCEAN))
    second.set_result(drawn(BULL, OCEAN))
    assert {told(await each) for each in telling} == {BULL, OCEAN}


async def test_of_two_requests_at_once_the_later_draws_again_if_it_has_nothing_else() -> None:
    first, second = later(), later()
    room = Room(first, second, drawn(ZERO))
    telling = [asyncio.create_task(room.tell()) for _ in range(2)]
    await room.begun(2)
    first.set_result(drawn(BULL))
    second.set_result(drawn(BULL))
    assert {told(await each) for each in telling} == {BULL, ZERO}
    assert room.states() == ["told", "told"]


async def test_a_seed_draws_from_that_seed_and_may_repeat_a_joke() -> None:
    room = Room(drawn(BULL), drawn(BULL), drawn(BULL))
    await room.tell()
    for _ in range(2):
        assert told(await room.tell(replace(REQUEST, seed=7))) == BULL
    assert [generation.seed for generation in room.generator.requests[1:]] == [7, 7]


async def test_an_opening_stands_unchanged_at_the_start() -> None:
    opening = "What do YOU  call"
    room = Room(drawn("What do you call a bull? Sir.", "What do YOU call a sleeping bull? Sir."))
    joke = await room.tell(replace(REQUEST, opening=opening))
    assert isinstance(joke, Joke)
    assert joke.opening == "What do YOU call"
    assert joke.text == "What do YOU call a sleeping bull? Sir."


# Prompts


async def test_prompts_are_cleaned_before_anybody_sees_them() -> None:
    room = Room(drawn("Why did the bull moo? Because."))
    joke = await room.tell(
        replace(REQUEST, topic=" \u202ebulls\x00 \n&\u200b cows ", opening="Why\tdid")
    )
    assert isinstance(joke, Joke)
    assert (joke.topic, joke.opening) == ("bulls & cows", "Why did")
    (generation,) = room.generator.requests
    assert (generation.topic, generation.opening) == ("bulls & cows", "Why did")
    assert (room.row.request.topic, room.row.request.opening) == ("bulls & cows", "Why did")


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b", "\x00"])
async def test_a_prompt_of_nothing_visible_is_none(nothing: str) -> None:
    room = Room(drawn(BULL))
    await room.tell(replace(REQUEST, topic=nothing, opening=nothing))
    (generation,) = room.generator.requests
    assert (generation.topic, generation.opening) == (None, None)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (replace(REQUEST, topic="x" * 21), Reason.TOO_LONG),
        (replace(REQUEST, opening="x" * 41), Reason.TOO_LONG),
        (replace(REQUEST, topic="\u200b" * 1_000_000), Reason.TOO_LONG),
        (replace(REQUEST, topic=f"my {RUDE}"), Reason.UNSUITABLE),
        (replace(REQUEST, opening=f"My {RUDE}"), Reason.UNSUITABLE),
        (replace(REQUEST, opening="Call me at me@example.org"), Reason.UNSUITABLE),
    ],
    ids=["topic", "opening", "megabyte", "rude topic", "rude opening", "address"],
)
async def test_a_prompt_that_will_not_do_is_declined_before_anything_is_kept(
    request_: JokeRequest, reason: Reason
) -> None:
    room = Room()
    assert await room.tell(request_) == Declined(reason=reason)
    assert room.store.rows == {}


@settings(max_examples=60)
@given(topic=st.text(max_size=60), opening=st.text(max_size=60))
def test_any_prompt_gets_exactly_one_answer(topic: str, opening: str) -> None:
    async def ask() -> None:
        room = Room(drawn(BULL, OCEAN), rounds=1)
        answer = await room.tell(replace(REQUEST, topic=topic, opening=opening))
        assert isinstance(answer, Joke | Declined)
        assert "pending" not in room.states()

    asyncio.run(ask())
