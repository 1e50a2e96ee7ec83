"""The local Telegram, as the genuine client library meets it: tokens, updates, faults."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from telegram import BotCommandScopeChat, Update
from telegram.error import (
    BadRequest,
    Conflict,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import AIORateLimiter, CommandHandler

from tests.platforms.telegram import FloodLimits, TelegramServer
from tests.platforms.telegram.limits import Flood
from tests.platforms.telegram.refusals import RefusedError
from tests.platforms.telegram.world import Chat
from tests.test_platforms.telegram_client import NO_LIMITS, Heard, bot_of, polling, prepared


@pytest.fixture(autouse=True)
def _seconds_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it the library warns of its own future whenever it is told to wait.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(limits=NO_LIMITS, webhook_pause=0.05) as running:
        yield running


def texts(heard: Heard) -> list[str | None]:
    return [update.message.text for update in heard if update.message]


# Tokens and methods


async def test_the_bot_learns_who_it_is(server: TelegramServer) -> None:
    async with bot_of(server) as bot:
        me = await bot.get_me()
    assert (me.username, me.is_bot, me.can_read_all_group_messages) == (
        server.username,
        True,
        False,
    )


async def test_a_wrong_token_is_refused_as_unauthorized(server: TelegramServer) -> None:
    with pytest.raises(InvalidToken):
        async with bot_of(server, token=server.token[:-1] + "x"):
            pass
    assert server.requests.count("getMe", 401) == 1


async def test_what_is_no_token_at_all_is_not_found(server: TelegramServer) -> None:
    with pytest.raises(InvalidToken):
        async with bot_of(server, token="nonsense"):
            pass
    assert server.requests.count("getMe", 404) == 1


async def test_a_revoked_token_is_refused_until_it_is_good_again(server: TelegramServer) -> None:
    async with bot_of(server) as bot:
        server.faults.refuse_token()
        with pytest.raises(InvalidToken):
            await bot.get_me()
        server.faults.accept_token()
        await bot.get_me()


async def test_commands_are_kept_by_scope_and_language(server: TelegramServer) -> None:
    group = server.group()
    async with bot_of(server) as bot:
        await bot.set_my_commands([("joke", "Tell a joke")])
        await bot.set_my_commands([("joke", "Erzähl einen Witz")], language_code="de")
        await bot.set_my_commands([("top", "The best")], scope=BotCommandScopeChat(group.id))
        (german,) = await bot.get_my_commands(language_code="de")
        assert await bot.get_my_commands(language_code="es") == ()
        await bot.delete_my_commands(language_code="de")
    assert german.description == "Erzähl einen Witz"
    assert server.commands == {
        ("default", ""): {"joke": "Tell a joke"},
        (f"chat:{group.id}", ""): {"top": "The best"},
    }


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (("Joke", "Tell"), "BOT_COMMAND_INVALID"),
        (("a" * 33, "Tell"), "BOT_COMMAND_INVALID"),
        (("joke", ""), "BOT_COMMAND_DESCRIPTION_INVALID"),
        (("joke", "d" * 257), "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_an_invalid_command_is_refused(
    server: TelegramServer, command: tuple[str, str], error: str
) -> None:
    async with bot_of(server) as bot:
        with pytest.raises(BadRequest, match=error.capitalize()):
            await bot.set_my_commands([command])


# Updates


async def test_a_command_is_handled_and_answered(server: TelegramServer) -> None:
    async def joke(update: Update, _: object) -> None:
        assert update.message is not None
        await update.message.reply_text("Moo.", do_quote=True)

    chat = server.private(user := server.user(username="ada_lovelace"))
    async with polling(server, CommandHandler("joke", joke)):
        asked = await server.say(user, chat, "/joke about cows")
        await server.until(lambda: server.messages(chat))
    (answer,) = server.messages(chat)
    assert (answer.text, answer.reply_to, answer.pinged) == ("Moo.", asked, [])
    assert asked.entities[0].type == "bot_command"
    assert asked.entities[0].length == len("/joke")


async def test_updates_that_were_not_confirmed_come_again(server: TelegramServer) -> None:
    chat = server.private(user := server.user())
    await server.say(user, chat, "one")
    await server.say(user, chat, "two")
    async with bot_of(server) as bot:
        first, second = await bot.get_updates(timeout=0)
        assert await bot.get_updates(timeout=0) == (first, second)
        assert second.update_id == first.update_id + 1
        assert await bot.get_updates(offset=second.update_id, timeout=0) == (second,)
        assert await bot.get_updates(offset=second.update_id + 1, timeout=0) == ()
        server.deliver_again(first.update_id)
        assert await bot.get_updates(offset=second.update_id + 1, timeout=0) == (first,)


async def test_a_poll_ends_as_soon_as_something_happens(server: TelegramServer) -> None:
    chat = server.private(user := server.user())
    async with bot_of(server) as bot:
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await server.polled()
        await server.say(user, chat, "hello")
        (update,) = await poll
    assert update.message
    assert update.message.text == "hello"


async def test_a_second_poller_ends_the_first_with_a_conflict(server: TelegramServer) -> None:
    async with bot_of(server) as bot, bot_of(server) as intruder:
        first = asyncio.create_task(bot.get_updates(timeout=30))
        await server.polled()
        assert await intruder.get_updates(timeout=0) == ()
        with pytest.raises(Conflict, match="only one bot instance"):
            await first


async def test_what_a_killed_poller_missed_comes_to_the_next(server: TelegramServer) -> None:
    chat = server.private(user := server.user())
    async with bot_of(server) as bot:
        killed = asyncio.create_task(bot.get_updates(timeout=30))
        await server.polled()
        killed.cancel()
        await server.until(lambda: not server.updates.polling)
        await server.say(user, chat, "hello")
        (update,) = await bot.get_updates(timeout=0)
    assert update.message
    assert update.message.text == "hello"


async def test_only_the_kinds_of_update_asked_for_come_and_the_wish_is_remembered(
    server: TelegramServer,
) -> None:
    chat = server.private(user := server.user())
    async with bot_of(server) as bot:
        await bot.get_updates(timeout=0, allowed_updates=["callback_query"])
        await server.say(user, chat, "unheard")
        assert await bot.get_updates(timeout=0) == ()
        await bot.get_updates(timeout=0, allowed_updates=[])
        await server.say(user, chat, "heard")
        (update,) = await bot.get_updates(timeout=0)
    assert update.message
    assert update.message.text == "heard"


async def test_a_webhook_is_given_updates_with_the_secret_until_it_takes_them(
    server: TelegramServer,
) -> None:
    heard = Heard()
    chat = server.private(user := server.user())
    application = prepared(server, heard.handler())
    assert application.updater is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with application:
        bot = application.bot
        await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="secret")
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates(timeout=0)
        # Nobody listens there yet, so the update has to come again.
        await server.say(user, chat, "one")
        await server.until(lambda: server.webhook.failures)
        info = await bot.get_webhook_info()
        assert (info.pending_update_count, bool(info.last_error_message)) == (1, True)
        await application.start()
        await application.updater.start_webhook(
            "127.0.0.1",
            port,
            url_path="hook",
            secret_token="secret",
            webhook_url=f"http://127.0.0.1:{port}/hook",
        )
        await server.say(user, chat, "two")
        await server.until(lambda: len(heard) == 2)
        await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="another")
        failures = server.webhook.failures
        await server.say(user, chat, "three")
        await server.until(lambda: server.webhook.failures > failures)
        await bot.delete_webhook(drop_pending_updates=True)
        await application.updater.stop()
        await application.stop()
    assert texts(heard) == ["one", "two"]
    assert server.webhook.url == ""


# Bad days


async def test_the_seconds_to_wait_are_told_and_honoured(server: TelegramServer) -> None:
    chat = server.private(server.user())
    async with bot_of(server) as bot:
        server.faults.rate_limit("sendMessage", 209)
        with pytest.raises(RetryAfter) as limited:
            await bot.send_message(chat.id, "Moo.")
        assert limited.value.retry_after == timedelta(seconds=209)
    server.faults.rate_limit("sendMessage", 1)
    async with polling(server, rate_limiter=AIORateLimiter(max_retries=1)) as bot:
        await bot.send_message(chat.id, "Moo.")
    assert [message.text for message in server.messages(chat)] == ["Moo."]
    refused, sent = server.requests.of("sendMessage")[1:]
    assert (refused.status, sent.status) == (429, 200)
    assert sent.time - refused.time >= 1


async def test_an_answer_that_is_dropped_was_executed_once(server: TelegramServer) -> None:
    chat = server.private(server.user())
    async with bot_of(server) as bot:
        server.faults.drop_answer("sendMessage")
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "Moo.")
        assert [message.text for message in server.messages(chat)] == ["Moo."]
        server.faults.lose("sendMessage")
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "Baa.")
    assert [message.text for message in server.messages(chat)] == ["Moo."]


async def test_an_answer_that_hangs_was_executed(server: TelegramServer) -> None:
    chat = server.private(server.user())
    async with bot_of(server, seconds=0.1) as bot:
        server.faults.hang("sendMessage", seconds=30)
        with pytest.raises(TimedOut):
            await bot.send_message(chat.id, "Moo.")
    assert [message.text for message in server.messages(chat)] == ["Moo."]


@pytest.mark.parametrize("status", [500, 502])
async def test_an_error_of_the_server_is_not_executed(server: TelegramServer, status: int) -> None:
    chat = server.private(server.user())
    async with bot_of(server) as bot:
        server.faults.fail("sendMessage", status=status)
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "Moo.")
        await bot.send_message(chat.id, "Baa.")
    assert [message.text for message in server.messages(chat)] == ["Baa."]
    assert server.requests.refused() == {("sendMessage", status): 1}


async def test_after_an_outage_the_bot_goes_on_polling_at_the_same_place(
    server: TelegramServer,
) -> None:
    heard = Heard()
    chat = server.private(user := server.user())
    async with polling(server, heard.handler()):
        place = server.base_url
        await server.faults.stop()
        await server.say(user, chat, "during")
        await server.faults.start_again()
        await server.until(lambda: heard)
    assert server.base_url == place
    assert texts(heard) == ["during"]


# Flood limits


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused_after(flood: Flood, *chats: Chat) -> tuple[int, dict[str, int]]:
    """How many messages go through at once, and what the next is told."""
    for count, chat in enumerate(chats):
        try:
            flood.spend(chat)
        except RefusedError as refusal:
            return count, refusal.parameters
    raise AssertionError("nothing was refused")


def test_a_group_takes_about_twenty_messages_a_minute() -> None:
    clock = Clock()
    flood = Flood(FloodLimits(), clock=clock)
    group = Chat(id=-1, type="group")
    assert refused_after(flood, *[group] * 100) == (25, {"retry_after": 3})
    clock.now += 2
    assert refused_after(flood, group) == (0, {"retry_after": 1})
    clock.now += 1
    assert refused_after(flood, group, group) == (1, {"retry_after": 3})


def test_a_private_chat_takes_a_burst_and_then_one_a_second() -> None:
    clock = Clock()
    flood = Flood(FloodLimits(), clock=clock)
    chat = Chat(id=1, type="private")
    assert refused_after(flood, *[chat] * 100) == (10, {"retry_after": 1})
    for _ in range(60):
        clock.now += 1
        flood.spend(chat)


def test_many_chats_together_take_about_thirty_a_second() -> None:
    flood = Flood(FloodLimits(), clock=Clock())
    chats = [Chat(id=number, type="private") for number in range(100)]
    count, told = refused_after(flood, *chats)
    assert (count, told) == (37, {"retry_after": 1})


async def test_flooding_a_group_is_refused_over_the_wire() -> None:
    limits = FloodLimits(group_per_minute=4)
    async with TelegramServer(limits=limits, keep_requests=False) as server, bot_of(server) as bot:
        group = server.group()
        for _ in range(5):
            await bot.send_message(group.id, "Moo.")
        with pytest.raises(RetryAfter):
            await bot.send_message(group.id, "Moo.")
        assert len(server.messages(group)) == server.requests.count("sendMessage", 200) == 5
        assert list(server.requests) == []


async def test_many_at_once_are_all_served(server: TelegramServer) -> None:
    chat = server.private(user := server.user())
    heard = 0

    async def joke(update: Update, context: Any) -> None:
        nonlocal heard
        heard += 1

    async with polling(server, CommandHandler("joke", joke)):
        for _ in range(500):
            await server.say(user, chat, "/joke")
        await server.until(lambda: heard >= 500 and not len(server.updates))
    assert heard == 500
