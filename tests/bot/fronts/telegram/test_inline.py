"""The bot's name and a topic, typed in any chat."""

from bot.generation.port import GenerationError
from bot.jokes import Reason
from tests.bot.fronts.telegram.stage import BULL, OCEAN, labels_of, later, staged
from tests.platforms.telegram import TelegramServer


async def test_a_joke_is_offered_and_takes_votes_wherever_it_is_sent(
    server: TelegramServer,
) -> None:
    ada, bob = server.user(), server.user()
    async with staged(server, BULL) as stage:
        asked = await server.inline(ada, "bulls", chat_type="group")
        offered = await asked.wait()
        (result,) = offered.results
        sent = await server.choose(ada, asked, result["id"])
        message = server.inline_messages[sent]
        assert message.text == BULL
        assert labels_of(message) == ["👍 0", "👎 0", "🚩"]
        press = await server.press_inline(bob, sent, "👍 0")
        assert (await press.wait()).text == "Glad you like it!"
        await stage.shows(message, "👍 1", "👎 0", "🚩")
    assert offered.personal
    assert offered.cache_seconds == 0
    assert stage.generator.requests[0].topic == "bulls"


async def test_only_the_last_of_what_is_being_typed_is_answered(server: TelegramServer) -> None:
    ada = server.user()
    async with staged(server, OCEAN) as stage:
        typed = [await server.inline(ada, "sea"[:length]) for length in (1, 2, 3)]
        await typed[-1].wait()
    assert [request.topic for request in stage.generator.requests] == ["sea"]
    assert [asked.answered for asked in typed] == [False, False, True]


async def test_typing_on_gives_the_earlier_request_up(server: TelegramServer) -> None:
    ada = server.user()
    async with staged(server, later(), OCEAN) as stage:
        await server.inline(ada, "sea")
        await server.until(lambda: stage.generator.requests)
        asked = await server.inline(ada, "seas")
        await asked.wait()
    assert [request.topic for request in stage.generator.abandoned] == ["sea"]


async def test_a_no_is_a_button_that_leads_to_the_private_chat(server: TelegramServer) -> None:
    ada = server.user()
    async with staged(server, GenerationError(Reason.BUSY, seconds=12)):
        asked = await server.inline(ada, "bulls")
        answer = await asked.wait()
    assert list(answer.results) == []
    (request,) = server.requests.of("answerInlineQuery")
    assert "I'm busy, please try again in about 12 seconds." in str(request.parameters)
