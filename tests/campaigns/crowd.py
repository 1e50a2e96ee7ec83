"""Many members asking at the same time, and how long each waited."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.jokes import Answer, Joke, JokeRequest
from bot.service import JokeService

__all__ = ["Asked", "ask_all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request, its answer and the seconds between them; None when no answer came in time."""

    request: JokeRequest
    answer: Answer | None
    seconds: float

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

    async def ask(request: JokeRequest) -> Asked:
        began = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                answer = await service.tell(request)
        except TimeoutError:
            answer = None
        return Asked(request=request, answer=answer, seconds=time.monotonic() - began)

    return list(await asyncio.gather(*map(ask, requests)))
