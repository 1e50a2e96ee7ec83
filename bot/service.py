"""JokeService: tell, vote, flag, top, stats, forget – all that members can do."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.communities import Audience, Communities
from bot.generation.port import GenerationError, Wait
from bot.jokes import Answer, Community, Declined, JokeRequest, Reason
from bot.making import JokeMaker
from bot.measures import Measures
from bot.pausing import Pause
from bot.quotas import QuotaLimits, quotas_for, refusal
from bot.store.port import (
    Ballot,
    DuplicateRequest,
    PendingRequest,
    QuotaReached,
    RankedJoke,
    ShownJoke,
    Stats,
    Store,
    StoreUnavailable,
    Tally,
    UndeliveredJoke,
    Voted,
)
from bot.taste.taste import Taste
from bot.tracing import about_request
from bot.traffic import Traffic

__all__ = ["Flagged", "JokeService"]

_log = logging.getLogger("punchline.service")


@dataclass(frozen=True, kw_only=True, slots=True)
class Flagged:
    """What a flag led to; `newly_hidden` is True for the flag that hid the joke."""

    tally: Tally
    hidden: bool
    newly_hidden: bool


class JokeService:
    """The one core behind all front-ends.

    Every `tell` gets exactly one answer. A vote that returned is on disk. `flags_to_hide` members
    who find a joke offensive hide it. All but `tell` may raise `StoreUnavailable`.
    """

    def __init__(
        self,
        *,
        store: Store,
        maker: JokeMaker,
        communities: Communities,
        pause: Pause,
        quotas: QuotaLimits,
        flags_to_hide: int,
        taste: Taste | None = None,
        traffic: Traffic | None = None,
        measures: Measures | None = None,
    ) -> None:
        self._store = store
        self._maker = maker
        self._communities = communities
        self._pause = pause
        self._quotas = quotas
        self._flags_to_hide = flags_to_hide
        self._taste = taste
        self._closing = False
        self._unsettled: dict[int, Reason] = {}
        self._traffic = traffic or Traffic()
        self._measures = measures or Measures()

    async def tell(self, request: JokeRequest, *, wait: Wait | None = None) -> Answer:
        """Tell a joke, or say why not. Cancelling gives the request up and frees its place."""
        with about_request():
            return await self._counted(request, self._tell(request, wait))

    async def _tell(self, request: JokeRequest, wait: Wait | None) -> Answer:
        if (turned_away := self._turned_away(request)) is not None:
            return turned_away
        began = time.monotonic()
        with self._traffic.request():
            try:
                prepared = await self._maker.prepare(request)
                if isinstance(prepared, Declined):
                    return prepared
                admitted = await self._admit(prepared)
                if isinstance(admitted, Declined):
                    return admitted
                return await self._answer(admitted, prepared, began=began, wait=wait)
            except StoreUnavailable as error:
                _log.error("A request could not be kept: %s", error)
                return Declined(reason=Reason.STORE)

    async def vote(self, joke_id: int, member: str, value: int) -> Tally:
        """Set a member's one vote, +1 or -1. Raises `UnknownJoke`."""
        tally = await self._store.vote(joke_id, member, value)
        self._measures.voted(value)
        self._heard_of(joke_id)
        return tally

    async def retract(self, joke_id: int, member: str) -> Tally:
        """Withdraw a member's vote. Raises `UnknownJoke`."""
        return await self.vote(joke_id, member, 0)

    async def cast(self, joke_id: int, member: str, ballot: Ballot) -> Voted:
        """Let a button or a reaction change a member's one vote. Raises `UnknownJoke`."""
        voted = await self._store.cast(joke_id, member, ballot)
        self._measures.voted(voted.value)
        self._heard_of(joke_id)
        return voted

    async def flag(self, joke_id: int, member: str, *, moderator: bool = False) -> Flagged:
        """Mark a joke as offensive; a moderator, or enough members, hide it.

        Raises `UnknownJoke`.
        """
        tally = await self._store.flag(joke_id, member)
        self._measures.flagged()
        hidden = moderator or tally.flags >= self._flags_to_hide
        newly_hidden = hidden and await self._store.hide(joke_id)
        self._heard_of(joke_id)
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
        selector = await self._maker.selector(community, adult_place=adult_place)
        liked = await self._store.topics(community, beginning=beginning, limit=limit)
        return [topic for topic in liked if selector.allows_prompt(topic)]

    async def stats(self, community: Community, member: str) -> Stats:
        """Counts for a community and one of its members."""
        return await self._store.stats(community, member)

    async def forget(self, front: str, member: str) -> int:
        """Erase a member's votes and links; returns how many votes there were."""
        erased = await self._store.forget(front, member)
        if self._taste is not None:
            self._taste.start_over()
        return erased

    async def orphans(self, fronts: Collection[str] | None = None) -> Sequence[PendingRequest]:
        """The requests that a dead bot process left behind; each is to be resumed or given up."""
        return await self._store.orphans(fronts)

    async def undelivered(self, fronts: Collection[str] | None = None) -> Sequence[UndeliveredJoke]:
        """The jokes that a dead bot process told without knowing that they arrived."""
        return await self._store.undelivered(fronts)

    async def resume(self, pending: PendingRequest) -> Answer:
        """Answer a request from before a restart."""
        began = time.monotonic()
        with about_request(), self._traffic.request():
            answering = self._answer(pending.joke_id, pending.request, began=began, wait=None)
            return await self._counted(pending.request, answering)

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
                await self._traffic.nobody.wait()
        except TimeoutError:
            return False
        return True

    async def _counted(
        self, request: JokeRequest, answering: Coroutine[Any, Any, Answer]
    ) -> Answer:
        front = request.community.front
        try:
            answer = await answering
        except asyncio.CancelledError:
            self._measures.cancelled(front)
            raise
        except Exception:
            self._measures.failed(front)
            raise
        self._measures.answered(front, answer)
        return answer

    def _heard_of(self, joke_id: int) -> None:
        if self._taste is not None:
            self._taste.voted(joke_id)

    def _turned_away(self, request: JokeRequest) -> Declined | None:
        """Before anything is looked up or written, so that a flood is refused in no time."""
        if self._closing:
            return Declined(reason=Reason.CLOSING)
        if self._pause.on and not request.operator:
            return Declined(reason=Reason.PAUSED)
        return self._maker.busy(self._traffic.under_way)

    async def _admit(self, request: JokeRequest) -> int | Declined:
        """The number of the request's row, or why the member has to do without a joke."""
        chosen = await self._communities.settings(request.community)
        if chosen.audience is Audience.ADMINS and not (request.by_admin or request.operator):
            return Declined(reason=Reason.ADMINS_ONLY)
        quotas = quotas_for(request, self._quotas, daily_jokes=chosen.daily_jokes)
        try:
            return await self._store.open_request(request, quotas=quotas)
        except DuplicateRequest:
            return Declined(reason=Reason.DUPLICATE)
        except QuotaReached as reached:
            return refusal(reached)

    async def _answer(
        self, joke_id: int, request: JokeRequest, *, began: float, wait: Wait | None
    ) -> Answer:
        """Make the joke for a pending row and close the row, whatever happens."""
        _log.debug("Joke %d is wanted on %s.", joke_id, request.community.front)
        try:
            answer = await self._maker.make(joke_id, request, began=began, wait=wait)
        except GenerationError as error:
            answer = Declined(reason=error.reason, seconds=error.seconds)
        except asyncio.CancelledError:
            await asyncio.shield(self._take_back(joke_id))
            raise
        except Exception:
            await self._settle(joke_id, Reason.STORE)
            raise
        if isinstance(answer, Declined):
            _log.debug("Joke %d is not told: %s.", joke_id, answer.reason.value)
            await self._settle(joke_id, answer.reason)
        else:
            _log.debug("Joke %d is told by %s.", joke_id, answer.model_version)
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
