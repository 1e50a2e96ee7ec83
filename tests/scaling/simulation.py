"""Requests through the real fair line to workers that batch, one event after another."""

import heapq
import itertools
import math
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bot.generation.queue import FairLine, LineFullError, LineLimits
from tests.scaling.activity import Asked
from tests.scaling.shelf import NO_SHELF, Shelf, ShelfRules
from tests.scaling.worker import StepTimes, Worker

__all__ = ["Drawn", "Ending", "Outcome", "Simulation"]

_FROM_SHELF_SECONDS = 0.0016
"""docs/performance.md: what a joke from the shelf takes in all."""

Line = FairLine[int]


class Ending(IntEnum):
    """How a request ended; the first two are jokes."""

    TOLD = 0
    SHELVED = 1
    BUSY = 2
    LATE = 3


class _Event(IntEnum):
    """What happens; of things at the same moment a step's end is first."""

    STEP = 0
    DEADLINE = 1
    ASKED = 2


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What chance has in store: tokens [requests, rounds, candidates], and rounds needed."""

    tokens: NDArray[np.int64]
    rounds: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of each request, by its number; times in seconds, nan where there is none.

    `began` is when a worker got it. Without the warm-up: what was under way in it is left out.
    """

    asked: NDArray[np.float64]
    began: NDArray[np.float64]
    ended: NDArray[np.float64]
    ending: NDArray[np.int64]

    def settled(self, share: float = 0.1) -> "Outcome":
        """Without the first requests, which find everything empty."""
        skipped = round(len(self.asked) * share)
        return Outcome(
            asked=self.asked[skipped:],
            began=self.began[skipped:],
            ended=self.ended[skipped:],
            ending=self.ending[skipped:],
        )

    def share(self, *endings: Ending) -> float:
        """The share of requests that ended so."""
        return float(np.isin(self.ending, endings).mean())

    @property
    def refused(self) -> float:
        """The share of requests without a joke."""
        return self.share(Ending.BUSY, Ending.LATE)

    def seconds(self, percent: float) -> float:
        """From asking to the joke, at a percentile of those who got one."""
        told = self.ending <= Ending.SHELVED
        return float(np.percentile(self.ended[told] - self.asked[told], percent))

    def waited(self, percent: float) -> float:
        """The part of it in the line, at a percentile of those who stood in it."""
        told = self.ending == Ending.TOLD
        return float(np.percentile(self.began[told] - self.asked[told], percent))


class Simulation:
    """One fleet of equal workers behind one line; run once.

    A request goes to the worker with most room, which is what a good balancer comes near to.
    """

    def __init__(
        self,
        *,
        asked: Asked,
        drawn: Drawn,
        steps: StepTimes,
        workers: int,
        places: int,
        limits: LineLimits,
        deadline_seconds: float = math.inf,
        shelf: ShelfRules = NO_SHELF,
    ) -> None:
        self._asked = asked
        self._drawn = drawn
        self._workers = [Worker(steps=steps, places=places) for _ in range(workers)]
        self._line: Line = FairLine(limits=limits)
        self._returned: deque[int] = deque()
        self._deadline = deadline_seconds
        alone = steps.read(1) + steps.decode(1) * float(drawn.tokens.mean())
        self._shelf = Shelf(shelf, draw_seconds=alone)
        self._events: list[tuple[float, int, int, int]] = []
        self._order = itertools.count()
        self._where: dict[int, int] = {}
        self._round = np.zeros(len(asked), dtype=np.int64)
        self._owed = 0
        self._quiet_since = 0.0
        self._next_of = {
            int(former): number for number, former in enumerate(asked.after) if former >= 0
        }
        self._outcome = Outcome(
            asked=asked.times.copy(),
            began=np.full(len(asked), np.nan),
            ended=np.full(len(asked), np.nan),
            ending=np.full(len(asked), -1),
        )

    def run(self) -> Outcome:
        """Until everybody is answered."""
        asks = iter([n for n, time in enumerate(self._asked.times) if time < math.inf])
        upcoming = next(asks, None)
        while upcoming is not None or self._events:
            soonest = self._events[0][0] if self._events else math.inf
            if upcoming is not None and self._asked.times[upcoming] < soonest:
                self._ask(upcoming, float(self._asked.times[upcoming]))
                upcoming = next(asks, None)
                continue
            now, kind, _, subject = heapq.heappop(self._events)
            if kind == _Event.STEP:
                self._step(subject, now)
            elif kind == _Event.DEADLINE:
                self._give_up(subject, now)
            else:
                self._ask(subject, now)
        return self._outcome

    def _schedule(self, time: float, event: _Event, subject: int) -> None:
        heapq.heappush(self._events, (time, event, next(self._order), subject))

    def _ask(self, request: int, now: float) -> None:
        self._outcome.asked[request] = now
        quiet = self._quiet_since if not self._owed else None
        self._owed += 1
        if self._asked.plain[request] and self._shelf.take(now=now, quiet_since=quiet):
            self._outcome.began[request] = now
            self._answer(request, now + _FROM_SHELF_SECONDS, Ending.SHELVED)
            return
        community = str(self._asked.communities[request])
        member = str(self._asked.members[request])
        try:
            self._line.add(request, community=community, member=member)
        except LineFullError:
            self._answer(request, now, Ending.BUSY)
            return
        if self._deadline < math.inf:
            self._schedule(now + self._deadline, _Event.DEADLINE, request)
        self._dispatch(now)

    def _dispatch(self, now: float) -> None:
        """Hand out what fits, in order; whoever needs another round is in front."""
        while True:
            request = self._returned[0] if self._returned else self._line.peek()
            if request is None:
                return
            draws = self._drawn.tokens[request, self._round[request]]
            number = max(range(len(self._workers)), key=lambda each: self._workers[each].free)
            worker = self._workers[number]
            if worker.free < len(draws):
                return
            if self._returned:
                self._returned.popleft()
            else:
                self._line.pop()
                self._outcome.began[request] = now
            self._where[request] = number
            before = worker.ends
            worker.join(request, draws.tolist(), now=now)
            self._follow(number, before)

    def _follow(self, number: int, before: float) -> None:
        """Be there when a worker's step ends, if that is at another time than before."""
        ends = self._workers[number].ends
        if ends not in (before, math.inf):
            self._schedule(ends, _Event.STEP, number)

    def _step(self, number: int, now: float) -> None:
        worker = self._workers[number]
        if worker.ends != now:
            return  # It was to stop sooner, and has.
        for request in worker.end():
            del self._where[request]
            self._round[request] += 1
            if self._round[request] < self._drawn.rounds[request]:
                self._returned.append(request)
            else:
                self._answer(request, now, Ending.TOLD)
        self._follow(number, now)
        self._dispatch(now)

    def _give_up(self, request: int, now: float) -> None:
        if self._outcome.ending[request] >= 0:
            return
        self._line.remove(request)
        if request in self._returned:
            self._returned.remove(request)
        number = self._where.pop(request, None)
        if number is not None:
            before = self._workers[number].ends
            self._workers[number].withdraw(request, now=now)
            self._follow(number, before)
        self._answer(request, now, Ending.LATE)
        self._dispatch(now)

    def _answer(self, request: int, now: float, ending: Ending) -> None:
        self._outcome.ended[request] = now
        self._outcome.ending[request] = ending
        self._owed -= 1
        if not self._owed:
            self._quiet_since = now
        after = self._next_of.get(request)
        if after is not None:
            self._schedule(now, _Event.ASKED, after)
