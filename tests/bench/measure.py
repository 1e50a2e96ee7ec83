"""What measurements are made of: order statistics, and how late the event loop is."""

import asyncio
import math
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Spread", "loop_lag", "percentile"]

_LOOK_EVERY_SECONDS = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """One figure measured several times."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """From at least one value."""
        return cls(median=statistics.median(values), lowest=min(values), highest=max(values))

    def text(self, *, digits: int = 0) -> str:
        """Median (lowest–highest), or the only value there is."""
        if self.lowest == self.highest:
            return f"{self.median:,.{digits}f}"
        return f"{self.median:,.{digits}f} ({self.lowest:,.{digits}f}–{self.highest:,.{digits}f})"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all values do not exceed; at least one value."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


@asynccontextmanager
async def loop_lag() -> AsyncIterator[list[float]]:
    """A list that fills with how many seconds late the event loop woke a sleeper."""
    late: list[float] = []
    watching = asyncio.create_task(_watch(late), name="loop lag")
    try:
        yield late
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(late: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        late.append(max(0.0, time.monotonic() - began - _LOOK_EVERY_SECONDS))
