"""Two hundred members on Discord and Telegram at once: is everybody answered, every vote kept?"""

import asyncio
import random
import time
from collections.abc import Sequence

from tests.bench.measure import percentile
from tests.campaigns.chat_bot import chat_bot
from tests.campaigns.chat_members import (
    Ledger,
    Member,
    members_of_discord,
    members_of_telegram,
)
from tests.campaigns.evidence import Evidence
from tests.campaigns.memory import Memory
from tests.campaigns.outcome import Outcome
from tests.campaigns.processes import growth
from tests.campaigns.stage import Stage
from tests.campaigns.waiting import until
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import TelegramServer

__all__ = ["run"]

_MEMBERS = 100
_GUILDS = 10
_IN_A_GROUP = 4
_JOKES_EACH = 26
_JOKES_OF_A_GROUP = 4
_SETTLE_SECONDS = 120.0
_GRACE_SECONDS = 30.0
_SETTINGS: dict[str, str | float] = {
    "queue.capacity": 256,
    "queue.deadline_seconds": 240.0,
    "discord.presence": False,
}


async def run(stage: Stage) -> Outcome:
    """Everybody asks 26 times (in the group, where Telegram allows little, 4 times)."""
    stage.say(f"chats: {2 * _MEMBERS} members on two platforms")
    ledgers = {"discord": Ledger(), "telegram": Ledger()}
    async with (
        DiscordServer(keep_requests=False) as discord,
        TelegramServer(keep_requests=False) as telegram,
    ):
        memory = Memory()
        people = _people(discord, telegram, ledgers, stage.random)
        async with chat_bot(stage, discord=discord, telegram=telegram, changes=_SETTINGS) as bot:
            evidence = Evidence(stage.data)
            async with memory.watched(bot.pid):
                began = time.monotonic()
                await asyncio.gather(*(_keep_asking(member, times) for member, times in people))
                took = time.monotonic() - began
                await _settled(evidence, ledgers)
            status = await bot.terminate(seconds=_GRACE_SECONDS)
    return _outcome(ledgers, memory, evidence=evidence, took=took, status=status)


def _people(
    discord: DiscordServer,
    telegram: TelegramServer,
    ledgers: dict[str, Ledger],
    chance: random.Random,
) -> list[tuple[Member, int]]:
    """Every member, and how often they ask."""
    on_discord = members_of_discord(
        discord, number=_MEMBERS, guilds=_GUILDS, ledger=ledgers["discord"], chance=chance
    )
    on_telegram = members_of_telegram(
        telegram, number=_MEMBERS, in_a_group=_IN_A_GROUP, ledger=ledgers["telegram"], chance=chance
    )
    often = [*on_discord, *on_telegram[_IN_A_GROUP:]]
    return [
        *((member, _JOKES_EACH) for member in often),
        *((member, _JOKES_OF_A_GROUP) for member in on_telegram[:_IN_A_GROUP]),
    ]


async def _keep_asking(member: Member, times: int) -> None:
    for _ in range(times):
        await member.ask()


async def _settled(evidence: Evidence, ledgers: dict[str, Ledger]) -> None:
    """Wait until every reaction has arrived, or has had the time to."""
    try:
        await until(lambda: _missing(evidence, ledgers) == 0, seconds=_SETTLE_SECONDS)
    except TimeoutError:
        return


def _missing(evidence: Evidence, ledgers: dict[str, Ledger]) -> int:
    return sum(
        evidence.missing_votes(ledger.votes, front=front) for front, ledger in ledgers.items()
    )


def _outcome(
    ledgers: dict[str, Ledger],
    memory: Memory,
    *,
    evidence: Evidence,
    took: float,
    status: int | None,
) -> Outcome:
    asked = sum(ledger.asked for ledger in ledgers.values())
    answered = sum(ledger.answered for ledger in ledgers.values())
    doubled = sum(ledger.doubled for ledger in ledgers.values())
    reactions = sum(ledger.reactions for ledger in ledgers.values())
    states, missing = evidence.states(), _missing(evidence, ledgers)
    broken = {
        f"{doubled} requests were answered twice.": doubled > 0,
        f"{missing} votes are not in the database as they were given.": missing > 0,
        f"{states['pending']} requests are still pending.": states["pending"] > 0,
        f"SIGTERM ended the bot with status {status}.": status != 0,
        "The database is damaged.": not evidence.sound(),
    }
    return Outcome(
        what="requests answered once",
        attempted=asked,
        survived=answered - doubled,
        figures={
            "in all": f"{took:.0f} s, {asked / took:.1f} requests and {reactions / took:.0f} "
            f"reactions a second, {sum(ledger.jokes for ledger in ledgers.values()):,} jokes",
            "votes": f"{reactions:,} reactions, {missing} lost",
            "left in the queue": f"{states['pending']} requests",
            **{f"{name} waits": _waits(ledger.waits) for name, ledger in ledgers.items()},
            "bot": _course(memory.seconds, memory.bot),
            "worker": _course(memory.seconds, memory.worker),
        },
        raw={
            "seconds": memory.seconds,
            "bot_mib": memory.bot,
            "worker_mib": memory.worker,
            "wait_seconds": {name: ledger.waits for name, ledger in ledgers.items()},
        },
        broken=tuple(sentence for sentence, happened in broken.items() if happened),
    )


def _waits(seconds: Sequence[float]) -> str:
    points = (f"p{point} {percentile(seconds, point):.2f} s" for point in (50, 95, 99))
    return ", ".join(points)


def _course(seconds: Sequence[float], mebibytes: Sequence[float]) -> str:
    slope = growth(seconds, mebibytes)
    begin, end = mebibytes[0], mebibytes[-1]
    return f"{begin:.0f} → {end:.0f} MiB, {slope:+.1f} MiB a minute in the second half"
