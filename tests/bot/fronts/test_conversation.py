"""What a person reads after each command."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.generation.port import GenerationError
from bot.jokes import Community, JokeRequest, Reason
from bot.service import JokeService
from tests.twins.conversation import Talk
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.service import drawn, service_on
from tests.twins.store import MemoryStore

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
MEMORY_GONE = ["I can't reach my memory right now; please try again soon."]


def service_with(*answers: Scripted, store: MemoryStore | None = None) -> JokeService:
    return service_on(store=store or MemoryStore(), generator=ScriptedGenerator(answers))


async def test_a_joke_is_read_as_it_is() -> None:
    assert await Talk(service_with(drawn(BULL))).say("/joke") == [BULL]


@pytest.mark.parametrize("line", ["bulls", "/joke bulls", "/joke about: bulls"])
async def test_a_topic_reaches_the_generator(line: str) -> None:
    generator = ScriptedGenerator([drawn(BULL)])
    talk = Talk(service_on(store=MemoryStore(), generator=generator))
    assert await talk.say(line) == [BULL]
    assert [request.topic for request in generator.requests] == ["bulls"]
    assert [request.member for request in generator.requests] == ["ada"]


async def test_an_opening_is_what_the_joke_begins_with() -> None:
    talk = Talk(service_with(drawn(OCEAN, BULL)))
    assert await talk.say("/joke opening: What do you") == [BULL]


async def test_a_no_is_read_as_a_sentence() -> None:
    talk = Talk(service_with(GenerationError(Reason.BUSY, seconds=12)))
    assert await talk.say("/joke") == ["I'm busy, please try again in about 12 seconds."]


async def test_a_blank_line_is_answered_with_nothing() -> None:
    assert await Talk(service_with()).say("", "  ", "\t") == []


async def test_a_vote_goes_to_the_latest_joke() -> None:
    talk = Talk(service_with(drawn(BULL), drawn(OCEAN)))
    await talk.say("/joke", "/joke")
    assert await talk.say("/up") == ["Thank you: 1 up, 0 down."]
    assert await talk.say("/top") == [f"#2 (+1 -0) {OCEAN}"]


async def test_a_joke_that_was_told_in_a_chat_is_not_known_here() -> None:
    store = MemoryStore()
    service = service_with(drawn(BULL), store=store)
    elsewhere = Community(front="discord", key="1")
    await service.tell(JokeRequest(community=elsewhere, member="ada"))
    talk = Talk(service)
    assert await talk.say("/up 1", "/offensive 1") == ["There is no joke with that number."] * 2
    assert not store.rows[1].votes


async def test_a_vote_with_a_number_goes_to_that_joke() -> None:
    talk = Talk(service_with(drawn(BULL), drawn(OCEAN)))
    await talk.say("/joke", "/joke")
    assert await talk.say("/up #1") == ["Thank you: 1 up, 0 down."]
    assert await talk.say("/top week") == [f"#1 (+1 -0) {BULL}"]


async def test_a_refused_request_does_not_change_which_joke_is_the_latest() -> None:
    talk = Talk(service_with(drawn(BULL), GenerationError(Reason.BUSY)))
    await talk.say("/joke", "/joke")
    assert await talk.say("/up") == ["Thank you: 1 up, 0 down."]


async def test_a_vote_can_be_changed_and_withdrawn() -> None:
    talk = Talk(service_with(drawn(BULL)))
    await talk.say("/joke", "/up")
    assert await talk.say("/down") == ["Noted: 0 up, 1 down."]
    assert await talk.say("/retract") == ["Your vote is withdrawn: 0 up, 0 down."]


async def test_an_offensive_joke_is_noted_and_leaves_the_ranking() -> None:
    talk = Talk(service_with(drawn(BULL)))
    await talk.say("/joke", "/up")
    assert await talk.say("/offensive") == ["Thank you, I have noted that this joke is offensive."]
    assert await talk.say("/top") == ["Nobody has voted a joke up here yet."]


@pytest.mark.parametrize("line", ["/up", "/down", "/retract", "/offensive"])
async def test_without_a_joke_there_is_nothing_to_judge(line: str) -> None:
    assert await Talk(service_with()).say(line) == [
        "Ask for a joke first, or name one by its number, as in /up 12."
    ]


@pytest.mark.parametrize("command", ["/up", "/down", "/retract", "/offensive"])
@pytest.mark.parametrize("number", ["0", "2", "999999999999999999"])
async def test_a_joke_nobody_told_is_unknown(command: str, number: str) -> None:
    talk = Talk(service_with(drawn(BULL)))
    await talk.say("/joke")
    assert await talk.say(f"{command} {number}") == ["There is no joke with that number."]


async def test_counts_tell_everybodys_from_ones_own() -> None:
    service = service_with(drawn(BULL), drawn(OCEAN))
    ada, bob = Talk(service), Talk(service, member="bob")
    await ada.say("/joke", "/up")
    await bob.say("/joke", "/down 1")
    assert await bob.say("/stats") == [
        "Told here: 2 jokes, 1 up and 1 down, 0 reported.",
        "You: 1 joke, 0 up and 1 down.",
    ]


async def test_forgetting_has_to_be_confirmed() -> None:
    talk = Talk(service_with(drawn(BULL)))
    await talk.say("/joke", "/up")
    assert await talk.say("/forget") == [
        "This erases your votes and unlinks your jokes for good. Type /forget yes to do it."
    ]
    assert await talk.say("/stats") == [
        "Told here: 1 joke, 1 up and 0 down, 0 reported.",
        "You: 1 joke, 1 up and 0 down.",
    ]
    assert await talk.say("/forget yes") == ["Forgotten: 1 vote erased."]
    assert await talk.say("/stats") == [
        "Told here: 1 joke, 0 up and 0 down, 0 reported.",
        "You: 0 jokes, 0 up and 0 down.",
    ]
    assert await talk.say("/forget yes") == ["Forgotten: 0 votes erased."]


async def test_an_unknown_command_is_answered_with_a_hint() -> None:
    assert await Talk(service_with()).say("/jok") == [
        "I don't know /jok. Did you mean /joke? Type /help to see what I know."
    ]


async def test_help_lists_what_can_be_typed() -> None:
    listed = await Talk(service_with()).say("/help")
    assert any(line.strip().startswith("/joke about: cats") for line in listed)


async def test_goodbye_ends_the_conversation() -> None:
    talk = Talk(service_with())
    assert not await talk.conversation.obey("/quit")
    assert talk.read == []


@pytest.mark.parametrize("line", ["/joke", "/up 1", "/offensive 1", "/top", "/stats"])
async def test_a_store_out_of_reach_is_said_so_and_the_conversation_goes_on(line: str) -> None:
    store = MemoryStore()
    talk = Talk(service_with(drawn(BULL), store=store))
    store.unavailable = True
    assert await talk.say(line) == MEMORY_GONE
    store.unavailable = False
    assert await talk.say("/joke") == [BULL]


@settings(max_examples=150)
@given(line=st.text() | st.builds("/{} {}".format, st.sampled_from(["up", "joke"]), st.text()))
def test_any_line_is_answered(line: str) -> None:
    talk = Talk(service_with(drawn(BULL)))
    asyncio.run(talk.conversation.obey(line))
    if line.strip():
        assert talk.read
