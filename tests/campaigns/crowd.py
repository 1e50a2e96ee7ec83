"""Many members asking at the same time, and how long each waited."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.jokes import Answer, Joke, JokeRequest
from bot.service import JokeService

__all__ = ["Asked", "ask_all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request, its answer (None when none came in time) and the seconds between them.

    `turn` is 1 for whoever was answered first.
    """

    request: JokeRequest
    answer: Answer | None
    seconds: float
    turn: int

    @property
    def verdict(self) -> str:
        """`told`, the reason there is no joke, or `unanswered`."""
        if self.answer is None:
            return "unanswered"
        return "told" if isinstance(self.answer, Joke) else str(self.answer.reason)


async def ask_all(
    service: JokeService, requests: Sequence[JokeRequest], *, patience: float
) -> list[Asked]:
    """Ask for everything at once; `patience` is in seconds."""

    turns = itertools.count(1)

    async def ask(request: JokeRequest) -> Asked:
        began = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                answer = await service.tell(request)
        except TimeoutError:
            answer = None
        seconds = time.monotonic() - began
        return Asked(request=request, answer=answer, seconds=seconds, turn=next(turns))

    return list(await asyncio.gather(*map(ask, requests)))
