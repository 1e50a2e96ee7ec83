"""/joke, from the command to the message."""

import asyncio

from bot.communities import Audience
from bot.fronts.telegram.spots import Spot
from bot.generation.port import GenerationError
from bot.generation.queue import Place
from bot.jokes import Community, Joke, Reason
from tests.bot.fronts.telegram.stage import BULL, OCEAN, labels_of, later, staged
from tests.platforms.telegram import TelegramServer
from tests.twins.service import drawn


async def test_a_joke_is_told_once_as_a_reply_while_the_bot_types(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
    assert [sent.text for sent in server.messages(chat)] == [BULL]
    assert message.reply_to is not None
    assert message.reply_to.text == "/joke"
    assert labels_of(message) == ["👍 0", "👎 0", "🚩"]
    assert [action.action for action in server.actions(chat)] == ["typing"]
    assert server.actions(chat)[0].time <= message.time


async def test_a_topic_and_an_opening_reach_the_generator(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL, OCEAN) as stage:
        await stage.joke(ada, chat, "/joke bulls")
        await stage.joke(ada, chat, "/joke\nabout: sea opening: What did")
    asked = [(request.topic, request.opening) for request in stage.generator.requests]
    assert asked == [("bulls", None), ("sea", "What did")]


async def test_the_place_in_line_is_shown_and_becomes_the_joke(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    answer = later()
    async with staged(server, answer, place=Place(own=0, ahead=3)) as stage:
        placeholder = await stage.answered(ada, group, "/joke")
        assert placeholder.text == "Number 4 in line…"
        assert labels_of(placeholder) == ["Cancel"]
        answer.set_result(drawn(BULL))
        await server.until(lambda: placeholder.text == BULL)
    assert len(server.messages(group)) == 1
    assert labels_of(placeholder) == ["👍 0", "👎 0", "🚩"]


async def test_only_the_one_who_asked_can_cancel(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[ada, bob])
    async with staged(server, later()) as stage:
        placeholder = await stage.answered(ada, group, "/joke")
        cancel = placeholder.button("Cancel").data
        assert cancel is not None
        refused = await server.press(bob, placeholder, "Cancel")
        assert (await refused.wait()).text == "That button is for whoever asked."
        await (await server.press(ada, placeholder, "Cancel")).wait()
        await server.until(lambda: placeholder.text == "Never mind, then.")
        late = await server.press(ada, placeholder, cancel, stale=True)
        assert (await late.wait()).text == "It is too late to cancel that."
    assert len(stage.generator.abandoned) == 1


async def test_the_command_cancels_too(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, later()) as stage:
        await server.say(ada, chat, "/joke")
        await server.until(lambda: stage.generator.requests)
        await stage.answered(ada, chat, "/cancel")
        nothing = await stage.answered(ada, chat, "/cancel")
    assert nothing.text == "You are not waiting for a joke here."
    assert chat.sent[0].text == "Never mind, then."


async def test_a_no_is_one_sentence(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, GenerationError(Reason.BUSY, seconds=12)) as stage:
        message = await stage.answered(ada, chat, "/joke")
    assert message.text == "I'm busy, please try again in about 12 seconds."
    assert message.buttons == []


async def test_an_update_that_comes_twice_is_answered_once(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL, OCEAN) as stage:
        await stage.joke(ada, chat)
        update_id = first_update(server)
        server.deliver_again(update_id)
        await stage.answered(ada, chat, "/stats")
        assert server.messages(chat)[0].text == BULL
    # After a restart only the store still knows.
    async with staged(server, OCEAN, store=stage.store.successor()) as stage:
        server.deliver_again(update_id)
        await stage.answered(ada, chat, "/stats")
        assert stage.generator.requests == []
    assert len(server.messages(chat)) == 3


def first_update(server: TelegramServer) -> int:
    return min(server.updates._past)


async def test_no_joke_mentions_anybody(server: TelegramServer) -> None:
    ada = server.user(username="ada_l")
    group = server.group(members=[ada])
    joke = Joke(
        id=1,
        text="Why did @ada_l <b>laugh</b>? *Nobody* knows_it.",
        topic=None,
        opening=None,
        model_version="scripted",
        tokens=9,
        seconds=1.0,
    )
    async with staged(server) as stage:
        address = Spot(chat_id=group.id).address(language="en")
        await stage.front.answer_late(address, joke, perhaps_seen=False)
    (message,) = server.messages(group)
    assert message.pinged == []
    assert message.text == "Why did @\u2060ada_l <b>laugh</b>? *Nobody* knows_it."


async def test_commands_for_other_bots_and_other_talk_are_left_alone(
    server: TelegramServer,
) -> None:
    ada = server.user()
    group = server.group(members=[ada], bot_is_admin=True)
    async with staged(server, BULL) as stage:
        await server.say(ada, group, "/joke@other_bot")
        await server.say(ada, group, "/unheard")
        await server.say(ada, group, "hello")
        await stage.joke(ada, group, "/joke@punchline_bot cats")
    assert [sent.text for sent in server.messages(group)] == [BULL]


async def test_where_only_admins_may_ask_members_are_told(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    group = server.group(members=[bob], admins=[ada])
    async with staged(server, BULL, OCEAN) as stage:
        community = Community(front="telegram", key=str(group.id))
        await stage.core.communities.change(community, audience=Audience.ADMINS)
        refused = await stage.answered(bob, group, "/joke")
        assert refused.text == "Only the admins may ask me for jokes here."
        await stage.joke(ada, group)
        await server.say(ada, group, "/joke", anonymous=True)
        await server.until(lambda: len(server.messages(group)) == 3)
    assert [request.member for request in stage.generator.requests] == [
        str(ada.id),
        f"chat:{group.id}",
    ]


async def test_a_topic_of_a_forum_gets_its_own_answers(server: TelegramServer) -> None:
    ada = server.user()
    forum = server.group(members=[ada], forum=True)
    thread = server.topic(forum, "Jokes")
    async with staged(server, BULL) as stage:
        await server.say(ada, forum, "/joke", thread=thread)
        await server.until(lambda: stage.store.records.shown)
    assert [sent.thread for sent in server.messages(forum)] == [thread]
    assert [action.thread for action in server.actions(forum)] == [thread]


async def test_one_slow_joke_delays_nobody(server: TelegramServer) -> None:
    ada, bob = server.user(), server.user()
    async with staged(server, slow := later(), BULL) as stage:
        await server.say(ada, server.private(ada), "/joke")
        await server.until(lambda: stage.generator.requests)
        message = await stage.joke(bob, server.private(bob))
        press = await server.press(bob, message, "👍 0")
        assert (await press.wait()).text == "Glad you like it!"
        slow.set_result(drawn(OCEAN))
        await server.until(lambda: len(server.messages(server.private(ada))) == 1)


async def test_stopping_waits_for_what_is_being_answered(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, answer := later()) as stage:
        await server.say(ada, chat, "/joke")
        await server.until(lambda: stage.generator.requests)
        stage.front.stop()
        await asyncio.sleep(0.05)
        assert not stage.running.done()
        answer.set_result(drawn(BULL))
        await stage.running
    assert [sent.text for sent in server.messages(chat)] == [BULL]
