"""Lets every version that serves read the jokes that were voted on before it came."""

import asyncio
import csv
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.generation.port import Embedder, GenerationError
from bot.generation.protocol import KnownJoke
from bot.store.port import StoreUnavailable
from bot.store.taste_port import Tastes
from bot.taste.basis import Basis
from bot.taste.taste import Taste

__all__ = ["Rebuilding"]

_TOGETHER = 8
"""Jokes read for one order, after each of which what was read is kept."""
_UNVOTED = 10_000
"""Of so many of the newest jokes features are kept though nobody has voted on them yet."""
_PAUSE_SECONDS = 15.0
_START_SECONDS = 0.5
"""How soon to look again while a version is still being loaded."""

_log = logging.getLogger("punchline.taste")


class Rebuilding:
    """Works behind those who wait for jokes, and goes on where it was after a restart.

    `embedders` says who serves now; `sample` is a CSV file of jokes, in whose differences a version
    looks at all jokes. `votes` is how many of the newest votes' jokes are read.
    """

    def __init__(
        self,
        *,
        tastes: Tastes,
        taste: Taste,
        embedders: Callable[[], Sequence[Embedder]],
        sample: Path,
        votes: int,
    ) -> None:
        self._tastes = tastes
        self._taste = taste
        self._embedders = embedders
        self._sample = sample
        self._votes = votes
        self._retained: frozenset[str] = frozenset()
        # Versions without features, whose engine has none to give.
        self._blind: set[str] = set()

    async def run(self) -> None:
        """Read whatever there is to read, until cancelled."""
        while True:
            try:
                await self.catch_up()
            except (StoreUnavailable, GenerationError) as error:
                _log.debug("Jokes are read later: %s", error)
            except ValueError:
                _log.exception("Jokes could not be read.")
            loading = any(embedder.serves is None for embedder in self._embedders())
            await asyncio.sleep(_START_SECONDS if loading else _PAUSE_SECONDS)

    async def catch_up(self) -> None:
        """Read what there is to read now. Raises `StoreUnavailable` or `GenerationError`."""
        embedders = self._embedders()
        await self._forget_the_others(embedders)
        for embedder in embedders:
            version = embedder.serves
            if version is not None and version not in self._blind:
                await self._read_for(version, embedder)

    async def _read_for(self, version: str, embedder: Embedder) -> None:
        news = await self._tastes.basis(version) is None
        if news:
            jokes = await asyncio.to_thread(_jokes_of, self._sample)
            found = await self._features(version, embedder, jokes)
            sound = [each for each in found or () if each]
            if found is not None and not sound:
                self._blind.add(version)
            if not sound:
                return
            basis = await asyncio.to_thread(Basis.of, sound)
            await self._tastes.put_basis(version, basis.to_bytes())
        while unread := await self._tastes.unread(version, votes=self._votes, limit=_TOGETHER):
            known = [
                KnownJoke(text=joke.text, topic=joke.topic, opening=joke.opening) for joke in unread
            ]
            found = await self._features(version, embedder, known)
            if found is None:
                break
            numbers = [joke.joke_id for joke in unread]
            # One that cannot be read is not tried again.
            features = {n: each or b"" for n, each in zip(numbers, found, strict=True)}
            await self._tastes.put_features(version, features)
            news = True
        if news:
            self._taste.start_over()

    async def _features(
        self, version: str, embedder: Embedder, jokes: Sequence[KnownJoke]
    ) -> list[bytes | None] | None:
        """What a version makes of jokes, or None when another one serves meanwhile."""
        found: list[bytes | None] = []
        for start in range(0, len(jokes), _TOGETHER):
            embedding = await embedder.embed(jokes[start : start + _TOGETHER])
            if embedding.model_version != version:
                return None
            found += embedding.features
        return found

    async def _forget_the_others(self, embedders: Sequence[Embedder]) -> None:
        """Keep the features of these versions only, once all of them are known."""
        serving = frozenset(embedder.serves for embedder in embedders)
        known = frozenset(version for version in serving if version is not None)
        if known == serving and known and known != self._retained:
            await self._tastes.retain(known, unvoted=_UNVOTED)
            self._retained = known


def _jokes_of(path: Path) -> list[KnownJoke]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [KnownJoke(text=row["Joke"]) for row in csv.DictReader(stream)]
