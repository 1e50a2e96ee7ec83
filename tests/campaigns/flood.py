"""Ten times as many requests at once as may wait."""

import asyncio
import os
from collections import Counter

from bot.app import App
from bot.jokes import Community, JokeRequest, Reason
from bot.settings import Settings
from tests.bench.measure import percentile
from tests.campaigns.crowd import Asked, ask_all
from tests.campaigns.outcome import Outcome
from tests.campaigns.processes import resident
from tests.campaigns.stage import Stage

__all__ = ["run"]

# The quotas of config.toml, because counting is part of what a refusal takes.
_SETTINGS = {"quota.member_jokes": 30, "quota.community_jokes": 300}
_TIMES = 10
_COMMUNITIES = 20
_PATIENCE_SECONDS = 90.0
_REFUSED_WITHIN = 1.0
_LOOK_EVERY_SECONDS = 0.001
_GROWTH_ALLOWED = 32.0


async def run(stage: Stage) -> Outcome:
    """Whoever finds no room hears so within a second; the queue and the memory stay bounded."""
    asked: list[Asked] = []
    deepest: list[int] = []
    memory: list[float] = []
    async with stage.app(_SETTINGS) as app:
        capacity = app.settings.queue.capacity
        before = resident(os.getpid())
        for number in stage.rounds():
            stage.say(f"flood, round {number}: {_TIMES * capacity} requests at once")
            watching = asyncio.create_task(_watch(app, deepest))
            requests = _requests(app.settings, number)
            asked += await ask_all(app.service, requests, patience=_PATIENCE_SECONDS)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            memory.append(resident(os.getpid()))
    refused = [each.seconds for each in asked if each.verdict == Reason.BUSY]
    late = sum(seconds > _REFUSED_WITHIN for seconds in refused)
    verdicts = Counter(each.verdict for each in asked)
    grown = memory[-1] - memory[0]
    broken = {
        "Nobody was refused, so the queue was not full.": not refused,
        f"{late} refusals took more than {_REFUSED_WITHIN:g} s.": late > 0,
        f"{max(deepest)} requests waited where {capacity} may.": max(deepest) > capacity,
        f"Memory grew by {grown:.0f} MiB after the first flood.": grown > _GROWTH_ALLOWED,
    }
    return Outcome(
        what="requests answered",
        attempted=len(asked),
        survived=len(asked) - verdicts["unanswered"] - late,
        figures={
            "answers": ", ".join(f"{count} {name}" for name, count in verdicts.most_common()),
            "refused after": f"p50 {1000 * percentile(refused or [0.0], 50):.0f} ms, "
            f"worst {1000 * max(refused, default=0.0):.0f} ms",
            "most waiting": f"{max(deepest)} of {capacity}",
            "memory": f"{before:.0f} MiB before, {memory[0]:.0f} after the first flood, "
            f"{memory[-1]:.0f} after {len(memory)}",
        },
        raw={"refused_seconds": refused, "answers": verdicts, "memory_mib": [before, *memory]},
        broken=tuple(sentence for sentence, happened in broken.items() if happened),
    )


def _requests(settings: Settings, number: int) -> list[JokeRequest]:
    return [
        JokeRequest(
            community=Community(front="campaign", key=f"{number}.{index % _COMMUNITIES}"),
            member=f"member {index}",
        )
        for index in range(_TIMES * settings.queue.capacity)
    ]


async def _watch(app: App, deepest: list[int]) -> None:
    """Keep the largest number of requests seen waiting."""
    deepest.append(0)
    while True:
        deepest[-1] = max(deepest[-1], app.fleet.status.waiting)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
