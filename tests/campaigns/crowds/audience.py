"""A crowd at the service: it asks for jokes, votes on them, and is measured by what it hears."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.jokes import Answer, Community, Joke, JokeRequest
from bot.service import JokeService
from finetune.evaluation.adherence import evaluation_topics
from tests.campaigns.crowds.members import Electorate, Member
from tests.campaigns.crowds.rules import HiddenTaste

__all__ = ["COMMUNITY", "Audience"]

COMMUNITY = Community(front="crowd", key="the only one")

_TOGETHER = 8
_SEED_BITS = 48
_OPERATOR = "operator"


class Audience:
    """Whatever it does at random is repeated by the same `source`; the jokes it hears are not.

    Half of all requests have no topic, the others one of those that members type.
    """

    def __init__(
        self,
        *,
        service: JokeService,
        taste: HiddenTaste,
        electorate: Electorate,
        votes_each: int,
        source: random.Random,
    ) -> None:
        self.cast: Counter[str] = Counter()
        self._service = service
        self._taste = taste
        self._electorate = electorate
        self._votes_each = votes_each
        self._random = source
        self._topics = evaluation_topics()
        self._room = asyncio.Semaphore(_TOGETHER)

    @property
    def votes(self) -> int:
        """How many votes have been acknowledged."""
        return self.cast["up"] + self.cast["down"]

    async def vote_until(self, votes: int) -> None:
        """Ask for jokes and vote on each of them, until so many votes are cast."""
        while (missing := votes - self.votes) > 0:
            jokes = -(-missing // self._votes_each)
            sizes = [self._votes_each] * (jokes - 1) + [missing - self._votes_each * (jokes - 1)]
            asked = [(self.request(), size) for size in sizes]
            await asyncio.gather(*(self._ask_and_vote(each, size) for each, size in asked))

    async def hear(self, count: int) -> list[Joke]:
        """So many answers as members get them, without those that are no joke."""
        return _jokes(await self._ask_all([self.request() for _ in range(count)]))

    async def draw(self, count: int) -> list[Joke]:
        """The same by the champion's own score, with no taste model between."""
        return _jokes(await self._ask_all([self._repeatable() for _ in range(count)]))

    async def wait_for_joke(self) -> tuple[float, Joke | None]:
        """How many seconds a member waits for one joke, and the joke."""
        request, began = self.request(), time.monotonic()
        answer = await self._service.tell(request)
        return time.monotonic() - began, answer if isinstance(answer, Joke) else None

    async def vote_on(self, joke: Joke, voters: Sequence[Member] | None = None) -> None:
        """Let these members vote on a joke, or as many as usual."""
        chosen = self._electorate.voters(self._votes_each, self._random)
        for voter in chosen if voters is None else voters:
            value = self.ballot(joke, voter)
            await self._service.vote(joke.id, voter.name, value)
            self.cast["up" if value > 0 else "down"] += 1
            self.cast[voter.name] += 1

    def ballot(self, joke: Joke, voter: Member | None = None) -> int:
        """What a member, or anybody, would vote on a joke."""
        somebody = voter or self._electorate.voters(1, self._random)[0]
        return somebody.vote(fits=self.fits(joke), source=self._random)

    def fits(self, joke: Joke) -> bool:
        """Whether a joke is to the crowd's taste."""
        return self._taste.fits(joke.text)

    def request(self) -> JokeRequest:
        """What somebody asks for next."""
        topic = self._random.choice(self._topics) if self._random.random() < 1 / 2 else None
        asker = self._electorate.asker(self._random)
        return JokeRequest(community=COMMUNITY, member=asker.name, topic=topic)

    def _repeatable(self) -> JokeRequest:
        seed = self._random.getrandbits(_SEED_BITS)
        return replace(self.request(), member=_OPERATOR, operator=True, seed=seed)

    async def _ask_and_vote(self, request: JokeRequest, votes: int) -> None:
        answer = await self._ask(request)
        if isinstance(answer, Joke):
            await self.vote_on(answer, self._electorate.voters(votes, self._random))

    async def _ask_all(self, requests: Sequence[JokeRequest]) -> list[Answer]:
        return await asyncio.gather(*map(self._ask, requests))

    async def _ask(self, request: JokeRequest) -> Answer:
        async with self._room:
            return await self._service.tell(request)


def _jokes(answers: Sequence[Answer]) -> list[Joke]:
    return [answer for answer in answers if isinstance(answer, Joke)]
