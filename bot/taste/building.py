"""Makes taste as the settings say, and keeps it learning for as long as the program runs."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bot.generation.port import Embedder
from bot.keeping import kept_up
from bot.settings import Settings
from bot.store.taste_port import Tastes
from bot.taste.heads import TasteRules
from bot.taste.rebuilding import Rebuilding
from bot.taste.taste import Taste
from finetune.shipped import demo_jokes

__all__ = ["build_taste", "kept_learning"]

_log = logging.getLogger("punchline.taste")


def build_taste(settings: Settings, tastes: Tastes) -> Taste | None:
    """Taste, or None where it is switched off."""
    if not settings.taste.enabled:
        return None
    return Taste(
        tastes=tastes,
        rules=TasteRules(
            votes=settings.taste.votes,
            member_share=settings.learning.member_share,
            clique_share=settings.learning.clique_share,
            exploration=settings.taste.exploration,
        ),
    )


@asynccontextmanager
async def kept_learning(
    taste: Taste | None,
    *,
    settings: Settings,
    tastes: Tastes,
    embedders: Callable[[], Sequence[Embedder]],
) -> AsyncIterator[None]:
    """Inside, votes are learned and jokes read for the versions that serve; see `Rebuilding`."""
    if taste is None:
        yield
        return
    rebuilding = Rebuilding(
        tastes=tastes,
        taste=taste,
        embedders=embedders,
        sample=demo_jokes(),
        votes=settings.taste.votes,
    )
    works = {"learning tastes": taste.learn, "reading jokes": rebuilding.run}
    async with kept_up(works, log=_log, complaint="Taste had to begin again."):
        yield
