"""Both platforms tell the bot to wait, up to 209 seconds: does the answer come afterwards, once?"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.campaigns.chat_bot import chat_bot
from tests.campaigns.outcome import Outcome
from tests.campaigns.stage import Stage
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import TelegramServer

__all__ = ["run"]

_WAITS = (1, 30, 209)
_GRACE_SECONDS = 30.0
_MORE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answered:
    """One question during a wait: how many answers came, and after how many seconds."""

    platform: str
    asked_to_wait: int
    seconds: float
    answers: int


async def run(stage: Stage) -> Outcome:
    """One question for each platform and wait; the two platforms at the same time."""
    stage.say(f"bad days: told to wait {', '.join(map(str, _WAITS))} s by both platforms")
    async with DiscordServer() as discord, TelegramServer() as telegram:
        async with chat_bot(stage, discord=discord, telegram=telegram, changes={}) as bot:
            asked = await asyncio.gather(
                _each(lambda seconds: _ask_on_discord(discord, seconds)),
                _each(lambda seconds: _ask_on_telegram(telegram, seconds)),
            )
            status = await bot.terminate(seconds=_GRACE_SECONDS)
        impatient = discord.faults.impatient
    answered = [each for platform in asked for each in platform]
    early = [each for each in answered if each.seconds < each.asked_to_wait]
    broken = {
        f"{len(early)} answers came before the wait was over.": bool(early),
        f"The bot asked Discord {impatient} times too early.": impatient > 0,
        f"SIGTERM ended the bot with status {status}.": status != 0,
    }
    return Outcome(
        what="answered once",
        attempted=len(answered),
        survived=sum(each.answers == 1 for each in answered),
        figures={
            f"{each.platform}, wait {each.asked_to_wait} s": f"{each.answers} after "
            f"{each.seconds:.1f} s"
            for each in answered
        },
        broken=tuple(sentence for sentence, happened in broken.items() if happened),
    )


async def _each(ask: Callable[[int], Awaitable[_Answered]]) -> list[_Answered]:
    return [await ask(seconds) for seconds in _WAITS]


async def _ask_on_discord(server: DiscordServer, seconds: int) -> _Answered:
    server.faults.rate_limit(r"PATCH .*/messages/@original", retry_after=seconds)
    channel, began = server.channel(server.guild()), time.monotonic()
    interaction = await server.slash("joke", member=server.member(), channel=channel)
    await server.until(lambda: interaction.answers, seconds=seconds + _MORE_SECONDS)
    took = time.monotonic() - began
    await asyncio.sleep(1.0)
    return _Answered(
        platform="discord", asked_to_wait=seconds, seconds=took, answers=len(interaction.answers)
    )


async def _ask_on_telegram(server: TelegramServer, seconds: int) -> _Answered:
    server.faults.rate_limit("sendMessage", seconds)
    user = server.user()
    chat, began = server.private(user), time.monotonic()
    question = await server.say(user, chat, "/joke")

    def answers() -> int:
        return sum(each.reply_to is question for each in server.messages(chat))

    await server.until(lambda: answers() > 0, seconds=seconds + _MORE_SECONDS)
    took = time.monotonic() - began
    await asyncio.sleep(1.0)
    return _Answered(platform="telegram", asked_to_wait=seconds, seconds=took, answers=answers())
