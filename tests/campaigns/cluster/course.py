"""The course of a run: a few ask, then many while things die, then hardly anybody."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

from tests.campaigns.cluster.audience import Audience
from tests.campaigns.cluster.blows import Striker
from tests.campaigns.cluster.ledger import Ledger
from tests.campaigns.cluster.plan import Plan
from tests.campaigns.cluster.timeline import KILLED, Timeline
from tests.campaigns.waiting import until

__all__ = ["Course"]

_CALM_AT_ONCE = 2
_QUIET_PAUSE_SECONDS = 2.0
_QUIET_SECONDS = 600.0
"""How long replicas may take to become one again."""

_REPLICAS = 3
_GROWN_SECONDS = 120.0
_BETWEEN_BLOWS_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.2


class Course:
    """Plays a plan to its end."""

    def __init__(
        self,
        *,
        plan: Plan,
        audience: Audience,
        striker: Striker,
        ledger: Ledger,
        timeline: Timeline,
        chance: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._audience = audience
        self._striker = striker
        self._ledger = ledger
        self._timeline = timeline
        self._chance = chance
        self._say = say

    async def play(self) -> None:
        """All of it, until every vote is cast."""
        plan = self._plan
        self._begin("calm", f"{_CALM_AT_ONCE} ask at a time")
        await self._crowd(_CALM_AT_ONCE, jokes=plan.rush_begins)
        self._begin("rush", f"{plan.at_once} ask at a time")
        async with asyncio.TaskGroup() as group:
            blows = group.create_task(self._strike())
            await self._crowd(plan.at_once, jokes=plan.rush_ends, done=blows.done)
        self._begin("quiet", "one asks now and then")
        ends = time.monotonic() + _QUIET_SECONDS
        while self._ledger.told < plan.jokes or (
            self._timeline.replicas != 1 and time.monotonic() < ends
        ):
            await self._audience.ask()
            await asyncio.sleep(_QUIET_PAUSE_SECONDS)
        await self._audience.settle()
        self._begin("end", "all votes are cast")

    async def _crowd(
        self, at_once: int, *, jokes: int, done: Callable[[], bool] = lambda: True
    ) -> None:
        """So many members who ask again and again, until that many jokes have been told in all."""

        async def keep_asking() -> None:
            while self._ledger.told < jokes or not done():
                await self._audience.ask()

        await asyncio.gather(*(keep_asking() for _ in range(at_once)))

    async def _strike(self) -> None:
        """One blow after the other, the first when there are as many replicas as there may be."""
        with contextlib.suppress(TimeoutError):
            await until(lambda: self._timeline.replicas == _REPLICAS, seconds=_GROWN_SECONDS)
        for jokes, blow in self._plan.blows(self._chance):
            while self._ledger.told < jokes:  # noqa: ASYNC110 - a day may pass until then
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._begin(blow, KILLED)
            done = await self._striker.strike(blow)
            self._timeline.note(f"{blow} again", done)
            await asyncio.sleep(_BETWEEN_BLOWS_SECONDS)

    def _begin(self, event: str, detail: str) -> None:
        self._timeline.note(event, detail)
        self._say(f"{self._timeline.now:.0f} s, {self._ledger.told:,} jokes: {event}, {detail}")
