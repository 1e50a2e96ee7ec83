"""Fills the shelves of the versions that serve when there is nothing else to do."""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bot.generation.port import Generation, GenerationError
from bot.generation.protocol import Sampling
from bot.selecting import Selectors
from bot.shelf.leisure import Leisure
from bot.shelf.port import IdleGenerator, RolesAndRuns
from bot.shelf.shelf import MILDEST, Shelf
from bot.shelf.sorting import sorted_out, still_fit
from bot.store.port import StoreUnavailable
from bot.store.shelf_port import Draw, Shelves
from bot.traffic import Traffic
from finetune.moderation import Tier

__all__ = ["Filling", "FillingRules"]

_SEED_BITS = 48
_LOOK_SECONDS = 2.0
_LONGEST_REST_SECONDS = 600.0

_log = logging.getLogger("punchline.shelf")


@dataclass(frozen=True, kw_only=True, slots=True)
class FillingRules:
    """How much is shelved for a version, how it is drawn, and the share of time it may take.

    `tiers` are those a community may choose, the mildest first.
    """

    jokes_per_shelf: int
    idle_share: float
    sampling: Sampling
    candidates: int
    tiers: Sequence[Tier]

    @property
    def recipe(self) -> str:
        """How jokes are drawn, as plain JSON."""
        return json.dumps({**asdict(self.sampling), "candidates": self.candidates}, sort_keys=True)


class Filling:
    """Looks after the shelves; whatever it does ends when a request comes.

    After work it rests until that was `idle_share` of the time, and longer and longer while nothing
    comes of it.
    """

    def __init__(
        self,
        *,
        shelf: Shelf,
        shelves: Shelves,
        generator: IdleGenerator,
        selectors: Selectors,
        versions: RolesAndRuns,
        leisure: Leisure,
        traffic: Traffic,
        rules: FillingRules,
    ) -> None:
        self._shelf = shelf
        self._shelves = shelves
        self._generator = generator
        self._selectors = selectors
        self._versions = versions
        self._leisure = leisure
        self._traffic = traffic
        self._rules = rules
        self._retained: frozenset[str] = frozenset()
        # The seeds of draws that this program has judged, by version.
        self._judged: dict[str, set[int]] = {}
        self._in_vain = 0
        self._rests_until = 0.0

    async def run(self) -> None:
        """Fill shelves whenever there is time, until cancelled."""
        while True:
            shelved = False
            try:
                shelved = await self.look()
            except (StoreUnavailable, GenerationError) as error:
                _log.debug("The shelf is filled later: %s", error)
            rest = max(0.0, self._rests_until - time.monotonic())
            await asyncio.sleep(min(rest, _LOOK_SECONDS) if shelved else _LOOK_SECONDS)

    async def look(self) -> bool:
        """Tidy up, and draw once if it is time for that; returns whether something was shelved.

        Raises `StoreUnavailable` and `GenerationError`.
        """
        live = await self._tidy()
        version = min(live, key=self._shelf.stock)
        if self._is_full(version) or time.monotonic() < self._rests_until:
            return False
        if not await self._leisure.now():
            return False
        # Another process may have told or shelved some.
        await self._recall(version)
        return not self._is_full(version) and await self._add_to(version)

    def _is_full(self, version: str) -> bool:
        return self._shelf.stock(version) >= self._rules.jokes_per_shelf

    async def _tidy(self) -> Sequence[str]:
        """Keep nothing of versions that serve no more; returns those that do."""
        generator = self._generator
        live = [each for each in (generator.champion, generator.challenger) if each is not None]
        row = await self._versions.roles()
        # Soon after a start the challenger is not live yet, and keeps its shelf.
        named = (row.champion, row.challenger) if row is not None else ()
        retained = frozenset(each for each in (*live, *named) if each is not None)
        if retained != self._retained:
            await self._shelves.retain(retained, recipe=self._rules.recipe)
            self._retained = retained
        self._shelf.retain(live)
        for version in self._judged.keys() - set(live):
            del self._judged[version]
        for version in live:
            if version not in self._judged:
                await self._recall(version)
        return live

    async def _recall(self, version: str) -> None:
        """Put up what is kept for a version; what would not be told today is thrown away."""
        selectors, tiers = self._selectors.of(version), self._rules.tiers
        judged = self._judged.get(version, set())
        found: list[Draw] = []
        for draw in await self._shelves.draws(version):
            if draw.seed in judged or await still_fit(draw, selectors=selectors, tiers=tiers):
                found.append(draw)
            else:
                await self._shelves.discard(draw)
        self._judged[version] = {draw.seed for draw in found}
        self._shelf.fill(version, found)

    async def _add_to(self, version: str) -> bool:
        seed = secrets.randbits(_SEED_BITS)
        began = time.monotonic()
        try:
            generation = await self._traffic.while_quiet(
                lambda: self._generator.draw(
                    version,
                    count=self._rules.candidates,
                    seed=seed,
                    sampling=self._rules.sampling,
                )
            )
        finally:
            self._rest_after(time.monotonic() - began)
        if generation is None:
            return False
        draw = await self._shelved(generation, seed)
        self._in_vain = 0 if draw is not None else self._in_vain + 1
        if draw is None:
            in_vain = _LOOK_SECONDS * 2.0 ** min(self._in_vain, 16)
            self._rests_until = time.monotonic() + min(in_vain, _LONGEST_REST_SECONDS)
            return False
        self._judged.setdefault(version, set()).add(draw.seed)
        self._shelf.put(draw)
        return True

    async def _shelved(self, generation: Generation, seed: int) -> Draw | None:
        """What was kept of a draw: nothing where there is no joke for everybody."""
        jokes = await sorted_out(
            generation.candidates,
            selectors=self._selectors.of(generation.model_version),
            tiers=self._rules.tiers,
        )
        if not any(joke.tier is MILDEST for joke in jokes):
            return None
        draw = Draw(
            version=generation.model_version, seed=seed, recipe=self._rules.recipe, jokes=jokes
        )
        return await self._shelves.put(draw)

    def _rest_after(self, worked: float) -> None:
        share = self._rules.idle_share
        self._rests_until = time.monotonic() + worked * (1 - share) / share
