"""How a joke comes about: prompts are cleaned, candidates drawn, the first that fits is told."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from bot.communities import Communities
from bot.generation.port import GenerationRequest, Generator, Wait
from bot.generation.protocol import Sampling
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest, Reason
from bot.selecting import Selectors
from bot.shelf.shelf import Shelf
from bot.store.port import Store, ToldJoke
from bot.taste.taste import Taste
from finetune.moderation import PromptTooLong, clean_prompt
from finetune.selection import Choice, Order, Selector, by_score

__all__ = ["JokeMaker", "TellingPolicy"]

_SEED_BITS = 48
_LONGEST_PROMPT = 20_000
_SHORT = 2_000
"""Characters of candidates that hold up nobody: they are judged in a millisecond or two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TellingPolicy:
    """How a joke is made: candidates a round, rounds until one fits, and limits of prompts.

    `at_once` is how many requests may be under way, waiting ones included; `deadline_seconds` is
    for the whole request, `topic_characters` and `opening_characters` are the longest prompts
    accepted.
    """

    at_once: int
    sampling: Sampling
    candidates: int
    rounds: int
    deadline_seconds: float
    topic_characters: int
    opening_characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Origin:
    """The version that wrote some candidates, and the seed that they were drawn by."""

    version: str
    seed: int
    shelved: bool = False


class JokeMaker:
    """Makes a joke that a community has not heard and that fits its tier.

    `taste` puts those that fit in order; without it the model's own score does. Who asks for
    nothing special gets a joke from the `shelf`, if there is one.
    """

    def __init__(
        self,
        *,
        store: Store,
        generator: Generator,
        selectors: Selectors,
        communities: Communities,
        policy: TellingPolicy,
        taste: Taste | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._store = store
        self._generator = generator
        self._selectors = selectors
        self._communities = communities
        self._policy = policy
        self._sampling = {**asdict(policy.sampling), "candidates": policy.candidates}
        self._taste = taste
        self._shelf = shelf
        self._judging = asyncio.Lock()

    def busy(self, telling: int) -> Declined | None:
        """A refusal if so many requests under way are all there may be."""
        if telling < self._policy.at_once:
            return None
        return Declined(reason=Reason.BUSY, seconds=self._generator.seconds_to_wait())

    async def selector(self, community: Community, *, adult_place: bool) -> Selector:
        """What decides which prompts are fit for a place."""
        tier = await self._communities.tier(community, adult_place=adult_place)
        return self._selectors.prompt(tier)

    async def prepare(self, request: JokeRequest) -> JokeRequest | Declined:
        """The request with its prompts cleaned, or why they will not do."""
        # Cleaning a megabyte would hold up everybody else.
        if any(len(prompt or "") > _LONGEST_PROMPT for prompt in (request.topic, request.opening)):
            return Declined(reason=Reason.TOO_LONG)
        try:
            topic = clean_prompt(request.topic or "", limit=self._policy.topic_characters)
            opening = clean_prompt(request.opening or "", limit=self._policy.opening_characters)
        except PromptTooLong:
            return Declined(reason=Reason.TOO_LONG)
        selector = await self.selector(request.community, adult_place=request.adult_place)
        if not all(map(selector.allows_prompt, filter(None, (topic, opening)))):
            return Declined(reason=Reason.UNSUITABLE)
        return replace(request, topic=topic or None, opening=opening or None)

    async def make(
        self, joke_id: int, request: JokeRequest, *, began: float, wait: Wait | None
    ) -> Answer:
        """A joke from the shelf, or from candidates that are drawn for this request.

        Raises `GenerationError`.
        """
        told = await self._from_shelf(joke_id, request, began)
        return told or await self._draw(joke_id, request, began=began, wait=wait)

    async def _from_shelf(self, joke_id: int, request: JokeRequest, began: float) -> Joke | None:
        """A joke that was made before of the version that is to answer, if there is any."""
        if self._shelf is None or {request.topic, request.opening, request.seed} != {None}:
            return None
        tier = await self._communities.tier(request.community, adult_place=request.adult_place)
        for _ in range(self._policy.rounds):
            draw = self._shelf.take(joke_id, tier)
            if draw is None:
                return None
            origin = _Origin(version=draw.version, seed=draw.seed, shelved=True)
            order = await self._order(request, origin)
            for choice in order(draw.choices(tier)):
                joke = await self._tell(joke_id, choice, request, origin=origin, began=began)
                if joke is not None:
                    return joke
        return None

    async def _draw(
        self, joke_id: int, request: JokeRequest, *, began: float, wait: Wait | None
    ) -> Answer:
        """Draw candidates, round after round, until one fits that was not told here before.

        Where a version on trial finds none, the champion has as many rounds. Raises
        `GenerationError`.
        """
        first_seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
        community = f"{request.community.front}:{request.community.key}"
        usual = GenerationRequest(
            joke_id=joke_id,
            community=community,
            member=request.member,
            topic=request.topic,
            opening=request.opening,
            count=self._policy.candidates,
            seed=first_seed,
            sampling=self._policy.sampling,
            deadline=self._policy.deadline_seconds,
            # Whoever repeats a joke by its seed means the model that everybody knows.
            by_champion=request.seed is not None,
        )
        tier = await self._communities.tier(request.community, adult_place=request.adult_place)
        number, rounds = 0, self._policy.rounds
        while number < rounds:
            seed = first_seed + number
            generation = await self._generator.generate(
                replace(
                    usual,
                    seed=seed,
                    deadline=self._policy.deadline_seconds - (time.monotonic() - began),
                    again=number > 0,
                ),
                wait=wait,
            )
            # At once: a version that has been swapped out is forgotten when this has waited.
            selectors = self._selectors.of(generation.model_version)
            origin = _Origin(version=generation.model_version, seed=seed)
            fit = selectors[tier].fit(
                generation.candidates,
                opening=request.opening,
                topic=request.topic,
                order=await self._order(request, origin),
            )
            short = sum(len(each.text) for each in generation.candidates) <= _SHORT
            while (choice := await self._next(fit, short=short)) is not None:
                joke = await self._tell(joke_id, choice, request, origin=origin, began=began)
                if joke is not None:
                    return joke
            number += 1
            if number == rounds and self._generator.nothing_fit(generation.model_version):
                rounds += 0 if usual.by_champion else self._policy.rounds
                usual = replace(usual, by_champion=True)
        return Declined(reason=Reason.NOTHING_FIT)

    async def _tell(
        self, joke_id: int, choice: Choice, request: JokeRequest, *, origin: _Origin, began: float
    ) -> Joke | None:
        """The joke, unless the store says that its community has heard it."""
        told = self._told(choice, origin, request, began)
        if not await self._store.mark_told(joke_id, told):
            return None
        return Joke(
            id=joke_id,
            text=told.text,
            topic=request.topic,
            opening=request.opening,
            model_version=told.model_version,
            tokens=told.tokens,
            seconds=told.seconds,
            shelved=told.shelved,
        )

    async def _next(self, fit: Iterator[Choice], *, short: bool) -> Choice | None:
        # One at a time, since Python runs only one of them anyway, and so that the buttons have
        # their turn in between. Long jokes could hold them up alone and are judged in a thread;
        # short ones are judged in less time than it takes to get there and back.
        async with self._judging:
            if not short:
                return await asyncio.to_thread(next, fit, None)
            await asyncio.sleep(0)
            return next(fit, None)

    async def _order(self, request: JokeRequest, origin: _Origin) -> Order:
        """The best first; a joke drawn again by its seed is no matter of taste."""
        if self._taste is None or request.seed is not None:
            return by_score
        return await self._taste.order(
            community=request.community, version=origin.version, seed=origin.seed
        )

    def _told(
        self, choice: Choice, origin: _Origin, request: JokeRequest, began: float
    ) -> ToldJoke:
        return ToldJoke(
            text=choice.text,
            fingerprint=choice.fingerprint if request.seed is None else None,
            model_version=origin.version,
            sampling={**self._sampling, "seed": origin.seed},
            score=choice.score,
            tokens=choice.tokens,
            seconds=time.monotonic() - began,
            features=choice.features,
            shelved=origin.shelved,
        )
