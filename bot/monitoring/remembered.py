"""What metrics show of the database: looked up now and then, never while somebody asks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.learning.port import Learner, RunReport
from bot.store.port import StoreUnavailable, VersionRecord
from bot.store.version_port import MadeVersion

__all__ = ["Memories", "Remembered"]

_MOST_VERSIONS = 20
_EVERY_SECONDS = 15.0
_SHARE_OF_TIME = 0.02

_log = logging.getLogger("punchline.metrics")


@dataclass(frozen=True, kw_only=True, slots=True)
class Memories:
    """What votes made of versions, how the latest run stands, and what the gate found last.

    `verdict` is plain JSON, as `finetune.gate.verdict.Verdict` writes it.
    """

    versions: Sequence[VersionRecord] = ()
    run: RunReport | None = None
    judged: str = ""
    verdict: dict[str, Any] | None = None


class Remembered:
    """Holds the latest memories. Where looking takes long it is done less often."""

    def __init__(
        self,
        *,
        learner: Learner,
        told: Callable[[], Awaitable[Sequence[VersionRecord]]],
        made: Callable[[], Awaitable[Sequence[MadeVersion]]],
    ) -> None:
        self._learner = learner
        self._told = told
        self._made = made
        self.latest = Memories()

    async def run(self) -> None:
        """Look again and again; while the database is out of reach the latest memories stay."""
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except StoreUnavailable as error:
                _log.warning("Metrics show what was in the database before: %s", error)
            took = time.monotonic() - began
            await asyncio.sleep(max(_EVERY_SECONDS, took / _SHARE_OF_TIME))

    async def look(self) -> None:
        """Look once. Raises `StoreUnavailable`."""
        told = await self._told()
        judged = next((each for each in await self._made() if each.verdict is not None), None)
        self.latest = Memories(
            # The latest to tell a joke come first; a version's series are not kept for ever.
            versions=tuple(islice(told, _MOST_VERSIONS)),
            run=await self._learner.report(),
            judged=judged.name if judged else "",
            verdict=dict(judged.verdict) if judged and judged.verdict else None,
        )
