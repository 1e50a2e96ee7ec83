"""How a joke comes about: prompts are cleaned, candidates drawn, the first that fits is told."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from bot.communities import Communities
from bot.generation.port import GenerationRequest, Generator, Wait
from bot.generation.protocol import Sampling
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest, Reason
from bot.store.port import Store, ToldJoke
from finetune.candidates import Candidate
from finetune.moderation import PromptTooLong, Tier, clean_prompt
from finetune.selection import Choice, Selector

__all__ = ["JokeMaker", "TellingPolicy"]

_SEED_BITS = 48
_LONGEST_PROMPT = 20_000


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


class JokeMaker:
    """Makes a joke that a community has not heard and that fits its tier."""

    def __init__(
        self,
        *,
        store: Store,
        generator: Generator,
        selectors: Mapping[Tier, Selector],
        communities: Communities,
        policy: TellingPolicy,
    ) -> None:
        self._store = store
        self._generator = generator
        self._selectors = selectors
        self._communities = communities
        self._policy = policy

    def busy(self, telling: int) -> Declined | None:
        """A refusal if so many requests under way are all there may be."""
        if telling < self._policy.at_once:
            return None
        return Declined(reason=Reason.BUSY, seconds=self._generator.seconds_to_wait())

    async def selector(self, community: Community, *, adult_place: bool) -> Selector:
        """What decides which prompts and jokes are fit for a place."""
        tier = await self._communities.tier(community, adult_place=adult_place)
        return self._selectors[tier]

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
        selector = await self._selector_for(request)
        if not all(map(selector.allows_prompt, filter(None, (topic, opening)))):
            return Declined(reason=Reason.UNSUITABLE)
        return replace(request, topic=topic or None, opening=opening or None)

    async def make(
        self, joke_id: int, request: JokeRequest, *, began: float, wait: Wait | None
    ) -> Answer:
        """Draw candidates, round after round, until one fits that was not told here before.

        Raises `GenerationError`.
        """
        policy = self._policy
        first_seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
        community = f"{request.community.front}:{request.community.key}"
        for number in range(policy.rounds):
            seed = first_seed + number
            generation = await self._generator.generate(
                GenerationRequest(
                    community=community,
                    member=request.member,
                    topic=request.topic,
                    opening=request.opening,
                    count=policy.candidates,
                    seed=seed,
                    sampling=policy.sampling,
                    deadline=policy.deadline_seconds - (time.monotonic() - began),
                    again=number > 0,
                ),
                wait=wait,
            )
            for choice in await self._untold(generation.candidates, request):
                told = self._told(choice, generation.model_version, seed, request, began)
                if await self._store.mark_told(joke_id, told):
                    return Joke(
                        id=joke_id,
                        text=told.text,
                        topic=request.topic,
                        opening=request.opening,
                        model_version=told.model_version,
                        tokens=told.tokens,
                        seconds=told.seconds,
                    )
        return Declined(reason=Reason.NOTHING_FIT)

    async def _untold(
        self, candidates: Sequence[Candidate], request: JokeRequest
    ) -> Sequence[Choice]:
        """What fits and is new to the community; a repeat asked for by seed need not be new."""
        # In a thread, so that a burst of long jokes cannot hold up everybody's buttons.
        selector = await self._selector_for(request)
        choices = await asyncio.to_thread(
            selector.choices,
            candidates,
            opening=request.opening,
            topic=request.topic,
        )
        if request.seed is not None or not choices:
            return choices
        heard = await self._store.heard(
            request.community, [choice.fingerprint for choice in choices]
        )
        return [choice for choice in choices if choice.fingerprint not in heard]

    def _told(
        self, choice: Choice, version: str, seed: int, request: JokeRequest, began: float
    ) -> ToldJoke:
        return ToldJoke(
            text=choice.text,
            fingerprint=choice.fingerprint if request.seed is None else None,
            model_version=version,
            sampling={
                **asdict(self._policy.sampling),
                "seed": seed,
                "candidates": self._policy.candidates,
            },
            score=choice.score,
            tokens=choice.tokens,
            seconds=time.monotonic() - began,
        )

    async def _selector_for(self, request: JokeRequest) -> Selector:
        return await self.selector(request.community, adult_place=request.adult_place)
