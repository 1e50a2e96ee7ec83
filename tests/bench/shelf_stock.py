"""Fills a shelf at once with jokes of no model, and gives the communities a taste to choose by."""

import itertools
from collections.abc import Iterator

import numpy as np

from bot.shelf.shelf import Shelf
from bot.store.shelf_port import Draw, ShelvedJoke
from bot.store.store import SqlStore
from bot.taste.basis import Basis
from finetune.candidates import Candidate
from finetune.moderation import Tier, fingerprint
from finetune.selection import Choice
from tests.bench.generator import VERSION, instant_jokes

__all__ = ["FEATURES", "Stock"]

FEATURES = 576
"""Width of what the starter makes of a joke."""
_CANDIDATES = 4
_SAMPLE = 260


class Stock:
    """Draws of four jokes each, no two of them alike, with features as wide as the starter's."""

    def __init__(self, *, store: SqlStore, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf
        self._random = np.random.default_rng(0)
        self._seeds = itertools.count()
        self._jokes: Iterator[Candidate] = instant_jokes(carried_by="take")

    async def give_taste(self) -> None:
        """Let jokes be looked at as those of a model are."""
        basis = Basis.of([self._features() for _ in range(_SAMPLE)])
        await self._store.tastes.put_basis(VERSION, basis.to_bytes())

    async def fill(self, jokes: int) -> None:
        """Shelve so many draws, durably and in memory."""
        for _ in range(jokes):
            draw = Draw(
                version=VERSION,
                seed=next(self._seeds),
                recipe="{}",
                jokes=tuple(map(self._shelved, itertools.islice(self._jokes, _CANDIDATES))),
            )
            await self._store.shelves.put(draw)
            self._shelf.put(draw)

    def _shelved(self, joke: Candidate) -> ShelvedJoke:
        choice = Choice(
            text=joke.text,
            fingerprint=fingerprint(joke.text),
            tokens=joke.tokens,
            score=joke.score,
            features=self._features(),
        )
        return ShelvedJoke(choice=choice, tier=Tier.FAMILY)

    def _features(self) -> bytes:
        return self._random.normal(size=FEATURES).astype("<f2").tobytes()
