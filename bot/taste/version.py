"""Taste in the eyes of one model version: its basis, and the heads that are in use."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.jokes import Community
from bot.store.taste_port import Tastes, TasteVote
from bot.taste.basis import Basis
from bot.taste.belief import Belief, Vector
from bot.taste.heads import Heard, TasteRules, community_belief, everyone_belief

__all__ = ["Head", "VersionTaste"]

_HEADS = 1_000
_PLACES = 20_000
_STALE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Everyone:
    """What everyone likes, from these votes."""

    heard: Heard
    belief: Belief


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a community likes; `belief` is None before anybody anywhere has voted."""

    belief: Belief | None
    everyone: _Everyone
    made: float

    def stale(self, everyone: _Everyone | None) -> bool:
        """Whether others have voted so long ago that it is time to start from that."""
        return self.everyone is not everyone and time.monotonic() - self.made > _STALE_SECONDS


class VersionTaste:
    """Heads are made of the stored votes, anew whenever those change, and only kept in memory.

    So a vote that was changed, withdrawn or erased has no part in them. Methods raise
    `StoreUnavailable`.
    """

    def __init__(self, *, version: str, tastes: Tastes, rules: TasteRules) -> None:
        self._version = version
        self._tastes = tastes
        self._rules = rules
        self._making = asyncio.Lock()
        self._basis: Basis | None = None
        self._everyone: _Everyone | None = None
        self._heads: OrderedDict[Community, Head] = OrderedDict()
        self._places: OrderedDict[int, Vector] = OrderedDict()

    async def basis(self) -> Basis | None:
        """How jokes are looked at, or None while that is not known yet."""
        if self._basis is None:
            kept = await self._tastes.basis(self._version)
            self._basis = Basis.from_bytes(kept) if kept is not None else None
        return self._basis

    async def head(self, community: Community) -> Head | None:
        """What a community likes, or None while nobody can say."""
        if community not in self._heads:
            async with self._making:
                if community not in self._heads:
                    await self._make(community)
        return self._heads.get(community)

    def outdated(self, head: Head) -> bool:
        """Whether a head should start from what others have voted since."""
        return head.stale(self._everyone)

    async def relearn(self, communities: Collection[Community]) -> None:
        """Make everyone's head and those of some communities anew, as far as they are in use."""
        async with self._making:
            if self._everyone is None and not self._heads:
                return
            self._everyone = None
            for community in communities:
                if community in self._heads:
                    await self._make(community)
            if await self.basis() is not None and self._everyone is None:
                await self._hear_everyone()

    async def start_over(self) -> None:
        """Make all heads anew when they are needed."""
        async with self._making:
            self._everyone = None
            self._heads.clear()

    async def _make(self, community: Community) -> None:
        basis = await self.basis()
        if basis is None:
            return
        everyone = self._everyone or await self._hear_everyone()
        votes = await self._tastes.votes(community, limit=self._rules.votes)
        own = await self._heard(votes, basis)
        belief = None
        if everyone.heard.votes or own.votes:
            belief = await asyncio.to_thread(community_belief, everyone.belief, everyone.heard, own)
        self._heads[community] = Head(belief=belief, everyone=everyone, made=time.monotonic())
        self._heads.move_to_end(community)
        if len(self._heads) > _HEADS:
            self._heads.popitem(last=False)

    async def _hear_everyone(self) -> _Everyone:
        basis = await self.basis()
        if basis is None:
            raise ValueError("there is no basis to look at jokes in")
        heard = await self._heard(await self._tastes.votes(None, limit=self._rules.votes), basis)
        belief = await asyncio.to_thread(everyone_belief, heard, width=basis.width)
        self._everyone = _Everyone(heard=heard, belief=belief)
        return self._everyone

    async def _heard(self, votes: Sequence[TasteVote], basis: Basis) -> Heard:
        """The votes with the places of their jokes, which are read once and then remembered."""
        wanted = {vote.joke_id for vote in votes}
        unknown = [joke for joke in wanted if joke not in self._places]
        if unknown:
            read = await self._tastes.features(self._version, unknown)
            placed = await asyncio.to_thread(
                lambda: {n: basis.place(joke.text, joke.features) for n, joke in read.items()}
            )
            self._places.update({n: place for n, place in placed.items() if place is not None})
        places = {joke: self._places[joke] for joke in wanted if joke in self._places}
        while len(self._places) > _PLACES:
            self._places.popitem(last=False)
        return await asyncio.to_thread(
            Heard.of, votes, places, width=basis.width, rules=self._rules
        )
