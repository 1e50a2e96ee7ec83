"""Every request has exactly one answer, and no request is left pending."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.port import GenerationError, Wait
from bot.generation.queue import Place
from bot.jokes import Answer, Candidate, Community, Declined, Joke, JokeRequest, Reason
from bot.quotas import QuotaLimits
from bot.service import JokeService
from bot.store.port import RankedJoke, Stats, Tally, UnknownJoke
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.moderator import BAD_TONE, RUDE
from tests.twins.service import ANY_NUMBER, SAMPLING, drawn, service_on
from tests.twins.store import MemoryStore, Row
from tests.twins.waiting import until

HERE = Community(front="memory", key="here")
THERE = Community(front="memory", key="there")
REQUEST = JokeRequest(community=HERE, member="ada")

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
ZERO = "What did the zero say to the eight? Nice belt."
RUDE_JOKE = f"Why did the duck say {RUDE}? It quacked up."
SOUR_JOKE = f"Why did the duck {BAD_TONE}? It quacked up."


class Room:
    """A service, and what stands behind it."""

    def __init__(
        self,
        *answers: Scripted,
        store: MemoryStore | None = None,
        limits: QuotaLimits = ANY_NUMBER,
        rounds: int = 3,
        deadline_seconds: float = 30.0,
        place: Place | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.generator = ScriptedGenerator(answers, place=place)
        self.service = service_on(
            store=self.store,
            generator=self.generator,
            limits=limits,
            rounds=rounds,
            deadline_seconds=deadline_seconds,
        )

    async def tell(self, request: JokeRequest = REQUEST, *, wait: Wait | None = None) -> Answer:
        async with asyncio.timeout(20):
            return await self.service.tell(request, wait=wait)

    @property
    def row(self) -> Row:
        """The only row there is."""
        (row,) = self.store.rows.values()
        return row

    def states(self) -> list[str]:
        return [row.state for row in self.store.rows.values()]


def later() -> "asyncio.Future[Sequence[Candidate]]":
    """An answer of the generator that a test delivers when it wants to."""
    return asyncio.get_running_loop().create_future()


def told(answer: Answer) -> str:
    assert isinstance(answer, Joke)
    return answer.text


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
    await until(lambda: room.generator.requests)
    assert wait.place() == Place(own=0, ahead=3)
    answer.set_result(drawn(BULL))
    assert told(await telling) == BULL


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
    await until(lambda: len(room.generator.requests) == 2)
    first.set_result(drawn(BULL, OCEAN))
    second.set_result(drawn(BULL, OCEAN))
    assert {told(await each) for each in telling} == {BULL, OCEAN}


async def test_of_two_requests_at_once_the_later_draws_again_if_it_has_nothing_else() -> None:
    first, second = later(), later()
    room = Room(first, second, drawn(ZERO))
    telling = [asyncio.create_task(room.tell()) for _ in range(2)]
    await until(lambda: len(room.generator.requests) == 2)
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
        (replace(REQUEST, topic=f"my {RUDE}"), Reason.UNSUITABLE),
        (replace(REQUEST, opening=f"My {RUDE}"), Reason.UNSUITABLE),
        (replace(REQUEST, opening="Call me at me@example.org"), Reason.UNSUITABLE),
    ],
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


# Refusals


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
    room = Room(drawn(RUDE_JOKE), later(), deadline_seconds=0.2)
    assert await room.tell() == Declined(reason=Reason.DEADLINE)
    assert room.row.reason is Reason.DEADLINE


# Giving up


async def test_whoever_gives_up_frees_the_generator_and_closes_the_request() -> None:
    room = Room(later())
    telling = asyncio.create_task(room.tell())
    await until(lambda: room.generator.requests)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert room.generator.abandoned == room.generator.requests
    assert (room.row.state, room.row.reason) == ("declined", Reason.CANCELLED)
    assert await room.service.finished(seconds=0)


async def test_giving_up_is_giving_up_even_when_the_store_is_out_of_reach() -> None:
    room = Room(later(), drawn(BULL), GenerationError(Reason.BUSY))
    telling = asyncio.create_task(room.tell())
    await until(lambda: room.generator.requests)
    room.store.unavailable = True
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert room.states() == ["pending"]


async def test_what_the_store_could_not_close_is_closed_with_the_next_request() -> None:
    answer = later()
    room = Room(answer, GenerationError(Reason.BUSY))
    telling = asyncio.create_task(room.tell())
    await until(lambda: room.generator.requests)
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
    await until(lambda: room.generator.requests)
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
    assert await service.flag(1, "eve") == Tally(up=1, down=0, flags=1)
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


@settings(max_examples=40, deadline=None)
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
