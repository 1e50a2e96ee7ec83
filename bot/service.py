"""JokeService: tell, vote, flag, top, stats, forget – all that members can do."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from bot.communities import Audience, Communities
from bot.generation.port import GenerationError, GenerationRequest, Generator, Wait
from bot.generation.protocol import Sampling
from bot.jokes import Answer, Community, Declined, Joke, JokeRequest, Reason
from bot.pausing import Pause
from bot.quotas import Quotas
from bot.store.port import (
    Ballot,
    DuplicateRequest,
    PendingRequest,
    RankedJoke,
    ShownJoke,
    Stats,
    Store,
    StoreUnavailable,
    Tally,
    ToldJoke,
    UndeliveredJoke,
    Voted,
)
from finetune.candidates import Candidate
from finetune.moderation import PromptTooLong, Tier, clean_prompt
from finetune.selection import Choice, Selector

__all__ = ["Flagged", "JokeService", "TellingPolicy"]

_SEED_BITS = 48
_LONGEST_PROMPT = 20_000

_log = logging.getLogger("punchline.service")


@dataclass(frozen=True, kw_only=True, slots=True)
class TellingPolicy:
    """How a joke is made: candidates a round, rounds until one fits, and limits of prompts.

    `at_once` is how many requests may be under way, waiting ones included; `deadline_seconds` is
    for the whole request, `topic_characters` and `opening_characters` are the longest prompts
    accepted; `flags_to_hide` members who find a joke offensive hide it.
    """

    at_once: int
    sampling: Sampling
    candidates: int
    rounds: int
    deadline_seconds: float
    topic_characters: int
    opening_characters: int
    flags_to_hide: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Flagged:
    """What a flag led to; `newly_hidden` is True for the flag that hid the joke."""

    tally: Tally
    hidden: bool
    newly_hidden: bool


class JokeService:
    """The one core behind all front-ends.

    Every `tell` gets exactly one answer. A vote that returned is on disk; `vote`, `retract`,
    `flag`, `top`, `stats` and `forget` may raise `StoreUnavailable`.
    """

    def __init__(
        self,
        *,
        store: Store,
        generator: Generator,
        selectors: Mapping[Tier, Selector],
        communities: Communities,
        pause: Pause,
        quotas: Quotas,
        policy: TellingPolicy,
    ) -> None:
        self._store = store
        self._generator = generator
        self._selectors = selectors
        self._communities = communities
        self._pause = pause
        self._quotas = quotas
        self._policy = policy
        self._closing = False
        self._unsettled: dict[int, Reason] = {}
        self._telling = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def tell(self, request: JokeRequest, *, wait: Wait | None = None) -> Answer:
        """Tell a joke, or say why not. Cancelling gives the request up and frees its place."""
        if (turned_away := self._turned_away(request)) is not None:
            return turned_away
        began = time.monotonic()
        self._enter()
        try:
            prepared = await self._prepare(request)
            if isinstance(prepared, Declined):
                return prepared
            admitted = await self._admit(prepared)
            if isinstance(admitted, Declined):
                return admitted
            return await self._answer(admitted, prepared, began=began, wait=wait)
        except StoreUnavailable as error:
            _log.error("A request could not be kept: %s", error)
            return Declined(reason=Reason.STORE)
        finally:
            self._leave()

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        """Set a member's one vote, +1 or -1. Raises `UnknownJoke`."""
        return await self._store.vote(joke_id, member, value)

    async def retract(self, joke_id: int, member: str) -> Tally:
        """Withdraw a member's vote. Raises `UnknownJoke`."""
        return await self._store.vote(joke_id, member, 0)

    async def cast(self, joke_id: int, member: str, ballot: Ballot) -> Voted:
        """Let a button or a reaction change a member's one vote. Raises `UnknownJoke`."""
        return await self._store.cast(joke_id, member, ballot)

    async def flag(self, joke_id: int, member: str, *, moderator: bool = False) -> Flagged:
        """Mark a joke as offensive; a moderator, or enough members, hide it.

        Raises `UnknownJoke`.
        """
        tally = await self._store.flag(joke_id, member)
        hidden = moderator or tally.flags >= self._policy.flags_to_hide
        newly_hidden = hidden and await self._store.hide(joke_id)
        return Flagged(tally=tally, hidden=hidden, newly_hidden=newly_hidden)

    async def shown(self, joke_id: int) -> ShownJoke:
        """A told joke as messages show it. Raises `UnknownJoke`."""
        return await self._store.shown(joke_id)

    async def delivered(self, joke_id: int) -> None:
        """A joke need not be delivered again, though nobody knows which message shows it."""
        await self._store.delivered(joke_id)

    async def top(
        self, community: Community, *, since: datetime | None, limit: int
    ) -> Sequence[RankedJoke]:
        """The best jokes of a community."""
        return await self._store.top(community, since=since, limit=limit)

    async def topics(
        self, community: Community, *, beginning: str, limit: int, adult_place: bool
    ) -> Sequence[str]:
        """Topics that made people laugh there, and that may still be asked for."""
        tier = await self._communities.tier(community, adult_place=adult_place)
        liked = await self._store.topics(community, beginning=beginning, limit=limit)
        return [topic for topic in liked if self._selectors[tier].allows_prompt(topic)]

    async def stats(self, community: Community, member: str) -> Stats:
        """Counts for a community and one of its members."""
        return await self._store.stats(community, member)

    async def forget(self, front: str, member: str) -> int:
        """Erase a member's votes and links; returns how many votes there were."""
        return await self._store.forget(front, member)

    async def orphans(self) -> Sequence[PendingRequest]:
        """The requests that a dead bot process left behind; each is to be resumed or given up."""
        return await self._store.orphans()

    async def undelivered(self) -> Sequence[UndeliveredJoke]:
        """The jokes that a dead bot process told without knowing that they arrived."""
        return await self._store.undelivered()

    async def resume(self, pending: PendingRequest) -> Answer:
        """Answer a request from before a restart."""
        self._enter()
        try:
            return await self._answer(
                pending.joke_id, pending.request, began=time.monotonic(), wait=None
            )
        finally:
            self._leave()

    async def give_up(self, pending: PendingRequest) -> None:
        """Close a request from before a restart, unless it has been answered."""
        await self._settle(pending.joke_id, Reason.LOST)

    def stop_accepting(self) -> None:
        """From now on every new request is answered with an apology."""
        self._closing = True

    async def finished(self, *, seconds: float) -> bool:
        """Wait until nobody is owed an answer; False when that took longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _enter(self) -> None:
        self._telling += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._telling -= 1
        if not self._telling:
            self._idle.set()

    def _turned_away(self, request: JokeRequest) -> Declined | None:
        """Before anything is looked up or written, so that a flood is refused in no time."""
        if self._closing:
            return Declined(reason=Reason.CLOSING)
        if self._pause.on and not request.operator:
            return Declined(reason=Reason.PAUSED)
        if self._telling >= self._policy.at_once:
            return Declined(reason=Reason.BUSY, seconds=self._generator.seconds_to_wait())
        return None

    async def _admit(self, request: JokeRequest) -> int | Declined:
        """The number of the request's row, or why the member has to do without a joke."""
        chosen = await self._communities.settings(request.community)
        if chosen.audience is Audience.ADMINS and not (request.by_admin or request.operator):
            return Declined(reason=Reason.ADMINS_ONLY)
        async with self._quotas.turn(request, daily_jokes=chosen.daily_jokes):
            refusal = await self._quotas.refusal(request, daily_jokes=chosen.daily_jokes)
            if refusal is not None:
                seen = await self._store.seen(request)
                return Declined(reason=Reason.DUPLICATE) if seen else refusal
            try:
                return await self._store.open_request(request)
            except DuplicateRequest:
                return Declined(reason=Reason.DUPLICATE)

    async def _selector(self, request: JokeRequest) -> Selector:
        tier = await self._communities.tier(request.community, adult_place=request.adult_place)
        return self._selectors[tier]

    async def _prepare(self, request: JokeRequest) -> JokeRequest | Declined:
        """The request with its prompts cleaned, or why they will not do."""
        # Cleaning a megabyte would hold up everybody else.
        if any(len(prompt or "") > _LONGEST_PROMPT for prompt in (request.topic, request.opening)):
            return Declined(reason=Reason.TOO_LONG)
        try:
            topic = clean_prompt(request.topic or "", limit=self._policy.topic_characters)
            opening = clean_prompt(request.opening or "", limit=self._policy.opening_characters)
        except PromptTooLong:
            return Declined(reason=Reason.TOO_LONG)
        selector = await self._selector(request)
        if not all(map(selector.allows_prompt, filter(None, (topic, opening)))):
            return Declined(reason=Reason.UNSUITABLE)
        return replace(request, topic=topic or None, opening=opening or None)

    async def _answer(
        self, joke_id: int, request: JokeRequest, *, began: float, wait: Wait | None
    ) -> Answer:
        """Make the joke for a pending row and close the row, whatever happens."""
        try:
            answer = await self._make(joke_id, request, began=began, wait=wait)
        except GenerationError as error:
            answer = Declined(reason=error.reason, seconds=error.seconds)
        except asyncio.CancelledError:
            await asyncio.shield(self._take_back(joke_id))
            raise
        except Exception:
            await self._settle(joke_id, Reason.STORE)
            raise
        if isinstance(answer, Declined):
            await self._settle(joke_id, answer.reason)
        return answer

    async def _take_back(self, joke_id: int) -> None:
        """Close a row for a member who does not want the joke any more, told or not."""
        await self._settle(joke_id, Reason.CANCELLED)
        if not self._closing:
            with contextlib.suppress(StoreUnavailable):
                await self._store.delivered(joke_id)

    async def _settle(self, joke_id: int, reason: Reason) -> None:
        """Close a row unless it is told, and those the store could not close before."""
        due = {**self._unsettled, joke_id: reason}
        self._unsettled.clear()
        try:
            for unsettled, why in list(due.items()):
                await self._store.mark_declined(unsettled, why)
                del due[unsettled]
        except StoreUnavailable as error:
            _log.error("Request %d cannot be closed yet: %s", joke_id, error)
        finally:
            self._unsettled.update(due)

    async def _make(
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
        selector = await self._selector(request)
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
