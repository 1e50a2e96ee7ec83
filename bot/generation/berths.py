"""The life of each live version's pool: made, warmed before it serves, and seen off after."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from bot.generation.live import LiveVersion
from bot.generation.pool import WorkerPool
from bot.model import BaseModelError, ServedModel
from bot.selecting import Selectors
from bot.tracing import without_request
from finetune.artifacts import BrokenVersionError

__all__ = ["Berths", "VersionUnservableError"]


class VersionUnservableError(Exception):
    """A version that cannot be made live; the message is one sentence for a person."""


class Berths:
    """All pools there are; `locate` finds a version's files, `build` makes a pool, not started.

    `forget` is called for a version that serves here no more, while others do.
    """

    def __init__(
        self,
        *,
        locate: Callable[[str], Awaitable[ServedModel]],
        build: Callable[[ServedModel], WorkerPool],
        selectors: Selectors,
        forget: Callable[[ServedModel], Awaitable[None]] | None = None,
    ) -> None:
        self._locate = locate
        self._build = build
        self._selectors = selectors
        self._forget = forget
        self._prepared: dict[str, LiveVersion] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False
        self.all: list[LiveVersion] = []

    @property
    def names(self) -> frozenset[str]:
        """Every version with a pool, those included that only finish what they have."""
        return frozenset(live.version for live in self.all)

    def begin(self, model: ServedModel) -> LiveVersion:
        """A version that is loaded while requests wait in its line already."""
        live = self._enlist(model)
        live.pool.start()
        return live

    async def prepare(self, version: str, *, serving: Collection[str | None]) -> None:
        """Have a version ready to be taken, unless it is one of those `serving`.

        Raises `VersionUnservableError` when it breaks, hangs or dies while it loads.
        """
        if version in serving or version in self._prepared:
            return
        try:
            model = await self._locate(version)
        except (BaseModelError, BrokenVersionError) as error:
            raise VersionUnservableError(str(error)) from error
        if self._closed:
            raise VersionUnservableError("Punchline is stopping.")
        live = self._enlist(model)
        try:
            await self._warm(live, model)
        except BaseException:
            await self._close(live)
            raise
        self._prepared[version] = live

    def take(self, version: str) -> LiveVersion:
        """A version that was prepared, for somebody who will `retire` it."""
        return self._prepared.pop(version)

    def dismiss(self) -> None:
        """Retire what was prepared and has not been taken."""
        for version in list(self._prepared):
            self.retire(self.take(version))

    def retire(self, live: LiveVersion) -> None:
        """Close a pool when the last request that it has is answered."""
        task = asyncio.create_task(
            self._see_off(live), name=f"finishing {live.version}", context=without_request()
        )
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """End every worker; whoever is left gets an apology."""
        self._closed = True
        await asyncio.gather(*(live.pool.close() for live in self.all))
        await asyncio.gather(*self._leaving)

    def _enlist(self, model: ServedModel) -> LiveVersion:
        live = LiveVersion(model=model, pool=self._build(model))
        self.all.append(live)
        return live

    async def _warm(self, live: LiveVersion, model: ServedModel) -> None:
        """Start a worker and wait for its model. Raises `VersionUnservableError`."""
        try:
            await self._selectors.begin(model)
        except BrokenVersionError as error:
            raise VersionUnservableError(str(error)) from error
        live.pool.start()
        await live.pool.met()
        if live.trouble:
            reason = live.trouble.removesuffix(".")
            raise VersionUnservableError(f"{live.version} cannot be served: {reason}.")

    async def _see_off(self, live: LiveVersion) -> None:
        await live.quiet.wait()
        await self._close(live)

    async def _close(self, live: LiveVersion) -> None:
        await live.pool.close()
        self.all.remove(live)
        if live.version not in self.names:
            self._selectors.end(live.version)
            if self._forget is not None and not self._closed:
                await self._forget(live.model)
