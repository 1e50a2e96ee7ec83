"""A service to ask for jokes, and what stands behind it."""

import asyncio
from collections.abc import Sequence

from bot.generation.port import Wait
from bot.generation.queue import Place
from bot.jokes import Answer, Community, Joke, JokeRequest
from bot.quotas import QuotaLimits
from finetune.candidates import Candidate
from tests.campaigns.waiting import until
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.moderator import BAD_TONE, RUDE
from tests.twins.service import ANY_NUMBER, service_on
from tests.twins.store import MemoryStore, Row

__all__ = [
    "BULL",
    "HERE",
    "OCEAN",
    "REQUEST",
    "RUDE_JOKE",
    "SECONDS",
    "SOUR_JOKE",
    "THERE",
    "ZERO",
    "Room",
    "later",
    "told",
]

SECONDS = 20
HERE = Community(front="memory", key="here")
THERE = Community(front="memory", key="there")
REQUEST = JokeRequest(community=HERE, member="ada")

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
ZERO = "What did the zero say to the eight? Nice belt."
RUDE_JOKE = f"Why did the duck say {RUDE}? It quacked up."
SOUR_JOKE = f"Why did the duck {BAD_TONE}? It quacked up."


class Room:
    """A service, and what stands behind it."""

    def __init__(
        self,
        *answers: Scripted,
        store: MemoryStore | None = None,
        limits: QuotaLimits = ANY_NUMBER,
        rounds: int = 3,
        deadline_seconds: float = 30.0,
        place: Place | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.generator = ScriptedGenerator(answers, place=place)
        self.service = service_on(
            store=self.store,
            generator=self.generator,
            limits=limits,
            rounds=rounds,
            deadline_seconds=deadline_seconds,
        )

    async def begun(self, requests: int = 1) -> None:
        """Wait until the generator has got so many requests."""
        await until(lambda: len(self.generator.requests) == requests, seconds=SECONDS)

    async def tell(self, request: JokeRequest = REQUEST, *, wait: Wait | None = None) -> Answer:
        async with asyncio.timeout(SECONDS):
            return await self.service.tell(request, wait=wait)

    @property
    def row(self) -> Row:
        """The only row there is."""
        (row,) = self.store.rows.values()
        return row

    def states(self) -> list[str]:
        return [row.state for row in self.store.rows.values()]


def later() -> "asyncio.Future[Sequence[Candidate]]":
    """An answer of the generator that a test delivers when it wants to."""
    return asyncio.get_running_loop().create_future()


def told(answer: Answer) -> str:
    assert isinstance(answer, Joke)
    return answer.text
