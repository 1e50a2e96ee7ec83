"""A real bot tells jokes without a pause: does it grow, slow down or miss anybody?"""

import asyncio
import time
from collections import Counter

from tests.bench.measure import percentile
from tests.campaigns.bot_process import BotProcess, Gone
from tests.campaigns.evidence import Evidence
from tests.campaigns.memory import Memory
from tests.campaigns.outcome import Outcome
from tests.campaigns.processes import growth
from tests.campaigns.stage import Stage

__all__ = ["run"]

_PEOPLE = 16
_TOPICS = ("cats", "dogs", "the moon", "computers", "fish", "bears", "bread", "music")
_VOTE_EVERY = 5
_GRACE_SECONDS = 30.0
_SETTINGS = {"queue.per_member": 2 * _PEOPLE}


async def run(stage: Stage) -> Outcome:
    """Everybody is answered all the time, and memory is reported for people to judge."""
    stage.say(f"soak: {_PEOPLE} people for {stage.seconds:.0f} s")
    config = stage.configuration(_SETTINGS)
    samples, waits, counts = Memory(), list[float](), Counter[str]()
    bot = await BotProcess.start(config=config, data=stage.data, log=stage.log)
    try:
        await _first_joke(bot)
        ends = time.monotonic() + stage.seconds
        talking = [_talk(bot, person, ends, waits, counts) for person in range(_PEOPLE)]
        async with samples.watched(bot.pid):
            await asyncio.gather(*talking)
        status = await bot.terminate(seconds=_GRACE_SECONDS)
    finally:
        await bot.kill()
    evidence = Evidence(stage.data)
    states = evidence.states()
    broken = {
        f"SIGTERM ended the bot with status {status}.": status != 0,
        f"{states['pending']} requests are still pending.": states["pending"] > 0,
        "The database is damaged.": not evidence.sound(),
    }
    slopes = {
        "bot": growth(samples.seconds, samples.bot),
        "worker": growth(samples.seconds, samples.worker),
    }
    return Outcome(
        what="requests answered",
        attempted=counts["asked"],
        survived=counts["answered"],
        figures={
            "rate": f"{len(waits) / stage.seconds:.1f} requests a second, "
            f"p50 {percentile(waits, 50):.2f} s, p99 {percentile(waits, 99):.2f} s",
            "in the database": f"{states['told']:,} told, {states['declined']:,} declined",
            "bot": _course(samples.bot, slopes["bot"]),
            "worker": _course(samples.worker, slopes["worker"]),
        },
        raw={
            "seconds": samples.seconds,
            "bot_mib": samples.bot,
            "worker_mib": samples.worker,
            "mib_per_minute": slopes,
            "wait_seconds": waits,
        },
        broken=tuple(sentence for sentence, happened in broken.items() if happened),
    )


async def _first_joke(bot: BotProcess) -> None:
    """Once it is told, the model has been loaded."""
    line = await bot.call()
    await line.ask("/joke")
    line.close()


async def _talk(
    bot: BotProcess, person: int, ends: float, waits: list[float], counts: Counter[str]
) -> None:
    """One person asks again and again, and votes now and then."""
    line = await bot.call()
    try:
        while time.monotonic() < ends:
            counts["asked"] += 1
            topic = _TOPICS[(person + counts["asked"]) % len(_TOPICS)]
            began = time.monotonic()
            if await line.ask(f"/joke about: {topic}"):
                counts["answered"] += 1
            waits.append(time.monotonic() - began)
            if counts["asked"] % _VOTE_EVERY == 0:
                await line.ask("/up")
    except Gone:
        return
    finally:
        line.close()


def _course(mebibytes: list[float], slope: float) -> str:
    middle = mebibytes[len(mebibytes) // 2]
    return f"{middle:.0f} MiB half-way, {mebibytes[-1]:.0f} at the end, {slope:+.1f} a minute"
