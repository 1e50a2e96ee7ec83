"""`punchline run` between a Discord and a Telegram: processes, protocols and signals are real."""

import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.chat_program import ChatProgram, Running
from tests.platforms.discord.places import Channel
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import Chat, Message, TelegramServer, User

SECONDS = 60.0


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


def on_discord(server: DiscordServer) -> dict[str, str]:
    return {
        "PUNCHLINE_DISCORD__TOKEN": server.token,
        "PUNCHLINE_DISCORD__REST_URL": server.rest_url,
        "PUNCHLINE_DISCORD__GATEWAY_URL": server.gateway_url,
    }


def on_telegram(server: TelegramServer) -> dict[str, str]:
    return {
        "PUNCHLINE_TELEGRAM__TOKEN": server.token,
        "PUNCHLINE_TELEGRAM__BASE_URL": server.base_url,
    }


async def joined(server: DiscordServer, *, times: int = 1) -> None:
    """Wait until the bot has come for so many times and can be asked."""
    await server.until(lambda: server.gateway.identified >= times, seconds=SECONDS)
    await server.connected(seconds=SECONDS)
    await server.until(lambda: "joke" in server.commands.registered(), seconds=SECONDS)


async def joke_on_discord(server: DiscordServer, channel: Channel, member: Any) -> Any:
    interaction = await server.slash("joke", member=member, channel=channel)
    await server.until(lambda: interaction.original and interaction.original.components)
    assert interaction.deferred
    assert interaction.acknowledged_after is not None
    return interaction.original


async def joke_on_telegram(server: TelegramServer, chat: Chat, user: User) -> Message:
    question = await server.say(user, chat, "/joke")

    def answers() -> list[Message]:
        return [each for each in server.messages(chat) if each.reply_to is question]

    await server.until(lambda: answers() and answers()[0].buttons, seconds=SECONDS)
    assert len(answers()) == 1
    return answers()[0]


def labels(message: Any) -> list[str]:
    """What the buttons of a message say, on either platform."""
    if isinstance(message, Message):
        return [button.label for row in message.buttons for button in row]
    return [
        f"{(button.get('emoji') or {}).get('name', '')} {button.get('label', '')}".strip()
        for row in message.components
        for button in row["components"]
    ]


async def shows(server: Any, message: Any, *, up: int, down: int) -> None:
    """Wait until the buttons of a message show these votes."""
    await server.until(lambda: labels(message)[:2] == [f"👍 {up}", f"👎 {down}"], seconds=SECONDS)


async def test_on_discord_votes_count_on_a_joke_told_before_a_restart(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer
) -> None:
    program = ChatProgram(tmp_path, model=tiny_version, **on_discord(discord))
    channel = discord.channel(discord.guild())
    ada, bob = discord.member("ada"), discord.member("bob")
    async with program.running() as bot:
        await joined(discord)
        joke = await joke_on_discord(discord, channel, ada)
        await discord.until(lambda: {"👍", "👎"} <= set(joke.reactions))
        await shows(discord, joke, up=0, down=0)
        await discord.react(joke, "👍", bob)
        await shows(discord, joke, up=1, down=0)
        assert await bot.ended() == 0
    async with program.running() as bot:
        await joined(discord, times=2)
        await discord.react(joke, "👎", ada)
        await shows(discord, joke, up=1, down=1)
        await discord.unreact(joke, "👍", bob)
        await shows(discord, joke, up=0, down=1)
        await (await discord.press(joke, "👍", bob)).acknowledgement()
        await shows(discord, joke, up=1, down=1)
        assert await bot.ended() == 0
        assert discord.token not in bot.said()
    assert discord.commands.puts[None] == 1
    assert not joke.pinged


async def test_on_telegram_votes_count_on_a_joke_told_before_a_restart(
    tiny_version: Path, tmp_path: Path, telegram: TelegramServer
) -> None:
    program = ChatProgram(tmp_path, model=tiny_version, **on_telegram(telegram))
    ada, bob = telegram.user("Ada"), telegram.user("Bob")
    group = telegram.group("Jokes", members=[ada, bob], admins=[ada], bot_is_admin=True)
    async with program.running() as bot:
        await telegram.polled(seconds=SECONDS)
        joke = await joke_on_telegram(telegram, group, ada)
        assert telegram.actions(group)
        await telegram.until(lambda: joke.reactions.get(telegram.bot.id) == ("👍",))
        await telegram.react(bob, joke, ["👍"])
        await shows(telegram, joke, up=1, down=0)
        assert await bot.ended() == 0
    async with program.running() as bot:
        await telegram.polled(seconds=SECONDS)
        await telegram.react(bob, joke, ["👎"])
        await shows(telegram, joke, up=0, down=1)
        await telegram.react(bob, joke, [])
        await shows(telegram, joke, up=0, down=0)
        press = await telegram.press(ada, joke, joke.buttons[0][1].label)
        await press.wait()
        await shows(telegram, joke, up=0, down=1)
        assert await bot.ended() == 0
        assert telegram.token not in bot.said()
    assert not joke.pinged


async def test_one_platform_that_is_down_does_not_harm_the_other(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    everywhere = {**on_discord(discord), **on_telegram(telegram)}
    program = ChatProgram(tmp_path, model=tiny_version, **everywhere)
    user = telegram.user("Ada")
    await discord.stop()
    async with program.running() as bot:
        await telegram.polled(seconds=SECONDS)
        await joke_on_telegram(telegram, telegram.private(user), user)
        assert re.search(r"Discord cannot be reached .*trying again in \d+ s", bot.said())
        assert "Traceback" not in bot.said()
        await discord.start_again()
        await joined(discord)
        await telegram.faults.stop()
        await joke_on_discord(discord, discord.channel(discord.guild()), discord.member())
        assert bot.alive
        await telegram.faults.start_again()
        assert await bot.ended() == 0
        assert "Traceback" not in bot.said()


@pytest.mark.parametrize("platform", ["discord", "telegram"])
async def test_a_wrong_token_is_one_sentence_and_a_wrong_configuration(
    tiny_version: Path,
    tmp_path: Path,
    discord: DiscordServer,
    telegram: TelegramServer,
    platform: str,
) -> None:
    program = ChatProgram(tmp_path, model=tiny_version)
    wrong = {
        "discord": {**on_discord(discord), "PUNCHLINE_DISCORD__TOKEN": "MTIz.wrong.token"},
        "telegram": {**on_telegram(telegram), "PUNCHLINE_TELEGRAM__TOKEN": "123456:wrong"},
    }
    ended = await program.call("run", **wrong[platform])
    assert ended.code == 78
    last = ended.err.strip().splitlines()[-1]
    assert "token" in last
    assert "wrong" not in last
    assert "Traceback" not in ended.err


async def test_whoever_was_owed_an_answer_when_the_bot_was_killed_gets_it_after_the_restart(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    everywhere = {**on_discord(discord), **on_telegram(telegram)}
    program = ChatProgram(tmp_path, model=tiny_version, **everywhere)
    channel, user = discord.channel(discord.guild()), telegram.user("Ada")
    chat = telegram.private(user)
    async with program.running() as bot:
        await joined(discord)
        await telegram.polled(seconds=SECONDS)
        # Nobody can be answered any more, as if the network had gone; then the bot is killed.
        discord.faults.fail(r"PATCH .*/messages/@original", times=99)
        telegram.faults.lose("sendMessage", times=99)
        interaction = await discord.slash("joke", member=discord.member(), channel=channel)
        question = await telegram.say(user, chat, "/joke")
        await discord.until(lambda: program.evidence.states().total() == 2, seconds=SECONDS)
        await bot.ended(signal.SIGKILL)
    telegram.faults.clear()
    discord.faults.clear()
    async with program.running() as bot:
        await joined(discord, times=2)
        await discord.until(
            lambda: interaction.original and interaction.original.components, seconds=SECONDS
        )
        await telegram.until(
            lambda: any(each.reply_to is question for each in telegram.messages(chat)),
            seconds=SECONDS,
        )
        assert await bot.ended() == 0
    assert program.evidence.states() == {"told": 2}


async def test_sigterm_lets_members_have_the_answers_they_wait_for(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    everywhere = {**on_discord(discord), **on_telegram(telegram)}
    program = ChatProgram(tmp_path, model=tiny_version, **everywhere)
    channel = discord.channel(discord.guild())
    users = [telegram.user(f"User {number}") for number in range(8)]
    async with program.running() as bot:
        await joined(discord)
        await telegram.polled(seconds=SECONDS)
        interactions = [
            await discord.slash("joke", member=discord.member(), channel=channel) for _ in range(8)
        ]
        questions = [await telegram.say(user, telegram.private(user), "/joke") for user in users]
        await discord.until(lambda: program.evidence.states().total() == 16, seconds=SECONDS)
        assert await bot.ended() == 0
    for interaction in interactions:
        assert interaction.answers or interaction.deleted
    for user, question in zip(users, questions, strict=True):
        answers = [
            each for each in telegram.messages(telegram.private(user)) if each.reply_to is question
        ]
        assert len(answers) == 1
    assert program.evidence.states()["pending"] == 0


async def test_doctor_prints_the_links_that_invite_the_bot(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    program = ChatProgram(tmp_path, model=tiny_version)
    found = await program.call("doctor", **on_discord(discord), **on_telegram(telegram))
    assert f"client_id={discord.application_id}" in found.out
    assert f"https://t.me/{telegram.bot.username}?startgroup" in found.out
    assert discord.token not in found.out + found.err
    assert telegram.token not in found.out + found.err


async def test_doctor_says_when_a_token_is_refused_and_when_a_platform_is_away(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    program = ChatProgram(tmp_path, model=tiny_version)
    discord.faults.refuse_token()
    await telegram.faults.stop()
    found = await program.call("doctor", **on_discord(discord), **on_telegram(telegram))
    assert found.code == 1
    assert re.search(r"✘ Discord: .*token", found.out)
    assert re.search(r"• Telegram: .*cannot be reached", found.out)
    await telegram.faults.start_again()


async def test_members_of_both_platforms_share_one_bot(
    tiny_version: Path, tmp_path: Path, discord: DiscordServer, telegram: TelegramServer
) -> None:
    everywhere = {**on_discord(discord), **on_telegram(telegram)}
    program = ChatProgram(tmp_path, model=tiny_version, **everywhere)
    user = telegram.user("Ada")
    async with program.running() as bot:
        await joined(discord)
        await telegram.polled(seconds=SECONDS)
        await joke_on_telegram(telegram, telegram.private(user), user)
        await joke_on_discord(discord, discord.channel(discord.guild()), discord.member())
        await _no_complaint(bot)
        assert await bot.ended() == 0


async def _no_complaint(bot: Running) -> None:
    assert " ERROR " not in bot.said()
    assert " WARNING " not in bot.said()
