"""Telegram away, slow, refusing, or losing what was said."""

import asyncio
import logging

import pytest

from bot.fronts.port import FrontRefusedError
from bot.fronts.telegram.pacing import Pace
from tests.bot.fronts.telegram.stage import BULL, OCEAN, front_on, labels_of, later, staged
from tests.platforms.telegram import TelegramServer
from tests.twins.generator import ScriptedGenerator
from tests.twins.service import drawn
from tests.twins.store import MemoryStore

LOST = "My answer may have got lost on the way."


async def test_a_flood_limit_is_waited_for(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        server.faults.rate_limit("sendMessage", 1)
        await stage.joke(ada, chat)
    assert [sent.text for sent in server.messages(chat)] == [BULL]
    refused, taken = server.requests.of("sendMessage")
    assert taken.time - refused.time >= 1


async def test_a_joke_whose_arrival_is_uncertain_is_not_told_twice(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        server.faults.drop_answer("sendMessage")
        await server.say(ada, chat, "/joke")
        await server.until(lambda: len(chat.sent) == 2)
        joke, note = chat.sent
        assert (joke.text, note.text) == (BULL, LOST)
        assert labels_of(note) == ["Show the joke"]
        # The joke did arrive, so its buttons work.
        await (await server.press(ada, joke, "👍 0")).wait()
        await stage.shows(joke, "👍 1", "👎 0", "🚩")
    assert len(stage.store.rows) == 1


@pytest.mark.parametrize("fault", ["lose", "fail"])
async def test_a_lost_joke_is_shown_on_demand(server: TelegramServer, fault: str) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        getattr(server.faults, fault)("sendMessage")
        note = await stage.answered(ada, chat, "/joke")
        assert note.text == LOST
        await (await server.press(ada, note, "Show the joke")).wait()
        assert note.text == BULL
        await (await server.press(ada, note, "👎 0")).wait()
        await stage.shows(note, "👍 0", "👎 1", "🚩")
    assert len(chat.sent) == 1
    assert await stage.store.successor().undelivered() == []


async def test_an_edit_is_repeated_until_it_arrives(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        server.faults.lose("sendMessage")
        note = await stage.answered(ada, chat, "/joke")
        server.faults.lose("editMessageText")
        await (await server.press(ada, note, "Show the joke")).wait()
        server.faults.drop_answer("editMessageText")
        await (await server.press(ada, note, "👍 0")).wait()
        await stage.shows(note, "👍 1", "👎 0", "🚩")
    assert len(note.edits) == 2
    assert len(chat.sent) == 1


async def test_a_joke_whose_placeholder_was_deleted_is_sent_anew(server: TelegramServer) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, answer := later()) as stage:
        placeholder = await stage.answered(ada, group, "/joke")
        server.delete_message(placeholder)
        answer.set_result(drawn(BULL))
        await server.until(lambda: stage.store.records.shown)
    assert [sent.text for sent in server.messages(group)] == [BULL]


async def test_an_answer_to_a_deleted_topic_is_given_in_the_general_one(
    server: TelegramServer,
) -> None:
    ada = server.user()
    forum = server.group(members=[ada], forum=True)
    thread = server.topic(forum)
    async with staged(server, answer := later()) as stage:
        await server.say(ada, forum, "/joke", thread=thread)
        await server.until(lambda: stage.generator.requests)
        server.delete_topic(forum, thread)
        answer.set_result(drawn(BULL))
        await server.until(lambda: server.messages(forum))
    assert [(sent.text, sent.thread) for sent in server.messages(forum)] == [(BULL, None)]


async def test_something_unexpected_is_logged_with_its_traceback_and_one_sentence(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server) as stage:
        # The generator has nothing written down, and says so with an AssertionError.
        told = await stage.answered(ada, chat, "/joke")
        await stage.answered(ada, chat, "/help")
    assert told.text == "Sorry, something went wrong; it is noted."
    assert [bool(record.exc_info) for record in caplog.records] == [True]


async def test_a_press_that_is_answered_too_late_still_counts(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        server.faults.lose("answerCallbackQuery")
        await server.press(ada, message, "👍 0")
        await stage.shows(message, "👍 1", "👎 0", "🚩")


async def test_typing_and_questions_do_not_use_up_what_a_group_may_be_sent() -> None:
    pace = Pace()
    passed = 0

    async def request() -> bool:
        nonlocal passed
        passed += 1
        return True

    async def made(endpoint: str) -> None:
        await pace.process_request(
            request, (), {}, endpoint, {"chat_id": -100}, rate_limit_args=None
        )

    async with asyncio.timeout(1):
        for _ in range(30):
            await made("sendChatAction")
        for _ in range(20):
            await made("sendMessage")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await made("sendMessage")
    assert passed == 50


async def test_telegram_down_at_the_start_is_tried_again(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    await server.faults.stop()

    async def come_back() -> None:
        await asyncio.sleep(0.5)
        await server.faults.start_again()

    back = asyncio.create_task(come_back())
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server):
            pass
    await back
    first, again = [record.getMessage() for record in caplog.records]
    assert first.startswith("Telegram cannot be reached (")
    assert first.endswith("trying again in 1 s.")
    assert again == "Telegram can be reached again."
    assert not any(record.exc_info for record in caplog.records)


async def test_telegram_down_for_a_while_is_said_once_and_costs_nothing(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.user()
    chat = server.private(ada)
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server, BULL) as stage:
            await server.faults.stop()
            await server.until(lambda: caplog.records)
            await server.say(ada, chat, "/joke")
            await server.faults.start_again()
            await server.until(lambda: stage.store.records.shown)
    assert [sent.text for sent in server.messages(chat)] == [BULL]
    said = [record.getMessage() for record in caplog.records if "reached" in record.getMessage()]
    assert len(said) == 2
    assert server.token not in caplog.text


async def test_it_can_be_stopped_while_telegram_is_down(server: TelegramServer) -> None:
    await server.faults.stop()
    front, _ = front_on(server, store=MemoryStore(), generator=ScriptedGenerator([]))
    running = asyncio.create_task(front.run())
    await asyncio.sleep(0.1)
    front.stop()
    async with asyncio.timeout(1):
        await running


async def test_a_wrong_token_is_one_sentence(server: TelegramServer) -> None:
    front, _ = front_on(
        server,
        store=MemoryStore(),
        generator=ScriptedGenerator([]),
        token="1:AAwrongTokenOfNobodyAtAll-1234567890",
    )
    with pytest.raises(FrontRefusedError, match="@BotFather") as refused:
        await front.run()
    assert refused.value.at_start
    assert "AAwrong" not in str(refused.value)


async def test_a_token_revoked_later_ends_this_front_end_only(server: TelegramServer) -> None:
    async with staged(server) as stage:
        server.faults.refuse_token()
        ada = server.user()
        await server.say(ada, server.private(ada), "/help")
        with pytest.raises(FrontRefusedError) as refused:
            await stage.running
    assert not refused.value.at_start


async def test_a_second_poller_is_named(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server), staged(server):
            await server.until(lambda: caplog.records)
    assert "Another program receives this bot's messages" in caplog.text


async def test_cancelled_it_leaves_nothing_running(server: TelegramServer) -> None:
    ada = server.user()
    async with staged(server, later()) as stage:
        await server.say(ada, server.private(ada), "/joke")
        await server.until(lambda: stage.generator.requests)
        stage.running.cancel()
        await asyncio.gather(stage.running, return_exceptions=True)
        await asyncio.sleep(0)
        here = asyncio.current_task()
        names = {task.get_name() for task in asyncio.all_tasks() if task is not here}
        assert not {name for name in names if name in {"ask", "typing", "place in line"}}
    assert len(stage.generator.abandoned) == 1


async def test_whoever_blocked_or_kicked_the_bot_is_logged_once(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server, first := later(), second := later()) as stage:
            await server.say(ada, group, "/joke")
            await server.say(ada, group, "/joke")
            await server.until(lambda: len(stage.generator.requests) == 2)
            server.kick_bot(group)
            first.set_result(drawn(BULL))
            second.set_result(drawn(OCEAN))
            await server.until(lambda: server.requests.count("sendMessage") == 2)
    gone = [text for text in caplog.messages if "can be said" in text]
    assert len(gone) == 1
    assert "kicked" in gone[0]
    assert not any(record.exc_info for record in caplog.records)
    assert await stage.store.successor().undelivered() == []


async def test_a_person_who_blocked_the_bot_is_not_named_in_the_log(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.user()
    chat = server.private(ada)
    with caplog.at_level(logging.INFO, "punchline.telegram"):
        async with staged(server, answer := later()) as stage:
            await server.say(ada, chat, "/joke")
            await server.until(lambda: stage.generator.requests)
            server.block_bot(ada)
            answer.set_result(drawn(BULL))
            await server.until(lambda: server.requests.count("sendMessage", 403))
    assert "Nothing can be said in a private chat: " in caplog.text
    assert str(ada.id) not in caplog.text


async def test_a_bot_that_may_not_write_says_so_to_the_admins(server: TelegramServer) -> None:
    ada = server.user()
    office = server.private(ada)
    group = server.group(admins=[ada])
    async with staged(server, BULL, OCEAN) as stage:
        server.restrict_bot(group, "text")
        await server.say(ada, group, "/joke")
        await server.until(lambda: office.sent)
        await server.say(ada, group, "/joke")
        await server.until(lambda: len(stage.generator.requests) == 2)
    assert [sent.text for sent in office.sent] == [
        "I may not send messages in “Group”; please allow that."
    ]


async def test_a_store_that_is_away_is_one_sentence(server: TelegramServer) -> None:
    ada = server.user()
    chat = server.private(ada)
    async with staged(server, BULL) as stage:
        message = await stage.joke(ada, chat)
        stage.store.unavailable = True
        told = await stage.answered(ada, chat, "/top")
        assert told.text == "I can't reach my memory right now; please try again soon."
        press = await server.press(ada, message, "👍 0")
        assert (await press.wait()).text == told.text


async def test_an_answer_to_a_request_from_before_a_restart_arrives(
    server: TelegramServer,
) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, later()) as stage:
        await server.say(ada, group, "/joke")
        await server.until(lambda: stage.generator.requests)
        # The process dies here, and the request stays in the store.
        successor = stage.store.successor()
        stage.running.cancel()
        await asyncio.gather(stage.running, return_exceptions=True)
    async with staged(server, BULL, store=successor) as stage:
        (pending,) = await stage.core.jokes.orphans()
        assert pending.request.address is not None
        joke = await stage.core.jokes.resume(pending)
        await stage.front.answer_late(pending.request.address, joke, perhaps_seen=False)
    (message,) = server.messages(group)
    assert message.text == BULL
    assert message.reply_to is not None


async def test_what_may_have_been_seen_before_a_restart_is_only_offered(
    server: TelegramServer,
) -> None:
    ada = server.user()
    group = server.group(members=[ada])
    async with staged(server, BULL) as stage:
        server.faults.lose("sendMessage", times=4)
        await server.say(ada, group, "/joke")
        await server.until(lambda: server.requests.count("sendMessage", 0) == 4)
    async with staged(server, store=stage.store.successor()) as stage:
        (undelivered,) = await stage.core.jokes.undelivered()
        assert await stage.front.reachable(undelivered.address)
        await stage.front.answer_late(undelivered.address, undelivered.joke, perhaps_seen=True)
        (note,) = server.messages(group)
        assert note.text == LOST
        await (await server.press(ada, note, "Show the joke")).wait()
        assert note.text == BULL
        server.kick_bot(group)
        assert not await stage.front.reachable(undelivered.address)
