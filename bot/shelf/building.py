"""Makes the shelf as the settings say, and has it filled for as long as the program runs."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.generation.fleet import Fleet
from bot.keeping import kept_up
from bot.making import TellingPolicy
from bot.pausing import Pause
from bot.selecting import Selectors
from bot.settings import ShelfSettings
from bot.shelf.filling import Filling, FillingRules
from bot.shelf.leisure import POWER_SUPPLIES, Leisure
from bot.shelf.shelf import Shelf
from bot.store.store import SqlStore
from bot.traffic import Traffic
from finetune.moderation import Tier

__all__ = ["build_shelf", "kept_filled"]

_log = logging.getLogger("punchline.shelf")


def build_shelf(settings: ShelfSettings, fleet: Fleet) -> Shelf | None:
    """An empty shelf, or None where it is switched off."""
    return Shelf(answers=fleet.answers) if settings.enabled else None


@asynccontextmanager
async def kept_filled(
    shelf: Shelf | None,
    *,
    settings: ShelfSettings,
    policy: TellingPolicy,
    tiers: Sequence[Tier],
    fleet: Fleet,
    selectors: Selectors,
    store: SqlStore,
    pause: Pause,
    traffic: Traffic,
) -> AsyncIterator[None]:
    """Inside, the shelf has what it had before the restart and is filled; see `Filling`."""
    if shelf is None:
        yield
        return
    filling = Filling(
        shelf=shelf,
        shelves=store.shelves,
        generator=fleet,
        selectors=selectors,
        versions=store.model_versions,
        leisure=Leisure(
            traffic=traffic,
            versions=store.model_versions,
            pause=pause,
            quiet_seconds=settings.quiet_seconds,
            power_supplies=POWER_SUPPLIES,
        ),
        traffic=traffic,
        rules=FillingRules(
            jokes_per_shelf=settings.jokes_per_shelf,
            idle_share=settings.idle_share,
            sampling=policy.sampling,
            candidates=policy.candidates,
            tiers=tiers,
        ),
    )
    works = {"filling the shelf": filling.run}
    async with kept_up(works, log=_log, complaint="Filling the shelf had to begin again."):
        yield
