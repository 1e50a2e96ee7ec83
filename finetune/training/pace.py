"""How long a stage of a run will still take, by how fast it went so far."""

import time
from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """Begins anew with every stage; `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage: str | None = None
        self._began = 0.0
        self._first = 0

    def seconds_left(self, stage: str, *, step: int, of: int) -> int | None:
        """What the steps that are left take at the pace so far, or None while there is none."""
        now = self._clock()
        if stage != self._stage or step < self._first:
            self._stage, self._began, self._first = stage, now, step
        done = step - self._first
        if done <= 0 or of <= 0:
            return None
        return round((now - self._began) / done * max(0, of - step))
