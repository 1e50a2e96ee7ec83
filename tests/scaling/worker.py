"""A worker that decodes many candidates in one batch, from one step's end to the next.

As in `bot.generation.engine`, requests that join are read together while nobody is decoded, a step
extends every row by a token, and a row that ends leaves at once. As in `bot.generation.pool`, a
request holds the places of all its candidates until the last of them has ended.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["SteadySteps", "StepTimes", "Worker"]


class StepTimes(Protocol):
    """How long a worker takes, in seconds."""

    def read(self, requests: int) -> float:
        """To read the prompts of so many requests, first tokens included."""

    def decode(self, rows: int) -> float:
        """To extend so many rows by a token."""


@dataclass(frozen=True, kw_only=True)
class SteadySteps:
    """Steps that take the same time whatever the batch, and prompts that take none."""

    seconds: float

    def read(self, requests: int) -> float:
        return 0.0

    def decode(self, rows: int) -> float:
        return self.seconds if rows else 0.0


class Worker:
    """Holds requests by number; whoever drives it calls `end` at the time that `ends` says.

    `ends` is inf while there is nothing to do.
    """

    def __init__(self, *, steps: StepTimes, places: int) -> None:
        self.free = places
        self.ends = math.inf
        self._steps = steps
        self._joining: dict[int, Sequence[int]] = {}
        self._leaving: set[int] = set()
        self._rows: list[tuple[int, int]] = []
        self._left: dict[int, int] = {}
        self._held: dict[int, int] = {}
        self._clock = 0
        self._began = 0.0
        self._step = 0.0
        self._planned = 0

    def join(self, request: int, draws: Sequence[int], *, now: float) -> None:
        """Take a request with the tokens each of its candidates will draw, the end included."""
        self._joining[request] = draws
        self._held[request] = len(draws)
        self.free -= len(draws)
        self._look_up(now)

    def withdraw(self, request: int, *, now: float) -> None:
        """Forget a request; its places are free at once, its rows go with the step."""
        self.free += self._held.pop(request)
        if self._joining.pop(request, None) is None:
            self._leaving.add(request)
        self._look_up(now)

    def end(self) -> list[int]:
        """The step or steps under way are done; returns the requests that are."""
        now = self.ends
        self._clock += self._planned
        if self._leaving:
            self._rows = [row for row in self._rows if row[1] not in self._leaving]
            heapq.heapify(self._rows)
            for request in self._leaving:
                self._left.pop(request, None)
            self._leaving.clear()
        done = []
        while self._rows and self._rows[0][0] <= self._clock:
            _, request = heapq.heappop(self._rows)
            self._left[request] -= 1
            if not self._left[request]:
                del self._left[request]
                self.free += self._held.pop(request)
                done.append(request)
        self._begin(now)
        return done

    def _look_up(self, now: float) -> None:
        """Begin at once if idle, else stop decoding at the end of the step under way."""
        if self.ends == math.inf:
            self._begin(now)
        elif self._planned > 1:
            steps = max(1, math.ceil((now - self._began) / self._step))
            if steps < self._planned:
                self._planned = steps
                self.ends = self._began + steps * self._step

    def _begin(self, now: float) -> None:
        self._began = now
        if self._joining:
            self._planned = 0
            self.ends = now + self._steps.read(len(self._joining))
            for request, draws in self._joining.items():
                self._left[request] = len(draws)
                for count in draws:
                    # The first token is drawn when the prompt has been read.
                    heapq.heappush(self._rows, (self._clock + count - 1, request))
            self._joining = {}
        elif self._rows:
            self._step = self._steps.decode(len(self._rows))
            self._planned = max(0, self._rows[0][0] - self._clock)
            self.ends = now + self._planned * self._step
        else:
            self.ends = math.inf
