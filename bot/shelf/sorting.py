"""Which candidates are fit for the shelf, and how daring each is."""

import asyncio
from collections.abc import Iterable

from bot.selecting import ByTier
from bot.store.shelf_port import Draw, ShelvedJoke
from finetune.candidates import Candidate
from finetune.moderation import Tier

__all__ = ["sorted_out", "still_fit"]


async def sorted_out(
    candidates: Iterable[Candidate], *, selectors: ByTier, tiers: Iterable[Tier]
) -> tuple[ShelvedJoke, ...]:
    """What some of `tiers`, given mildest first, allow: each with the mildest, the likeliest first.

    Tiers must be nested, so that what one allows is allowed by all that come after it.
    """
    return await asyncio.to_thread(_sorted_out, list(candidates), selectors, tuple(tiers))


async def still_fit(draw: Draw, *, selectors: ByTier, tiers: Iterable[Tier]) -> bool:
    """Whether a draw that was kept would be shelved today as it is."""
    again = [
        Candidate(
            text=joke.choice.text,
            tokens=joke.choice.tokens,
            score=joke.choice.score,
            complete=True,
            features=joke.choice.features,
        )
        for joke in draw.jokes
    ]
    return await sorted_out(again, selectors=selectors, tiers=tiers) == draw.jokes


def _sorted_out(
    candidates: list[Candidate], selectors: ByTier, tiers: tuple[Tier, ...]
) -> tuple[ShelvedJoke, ...]:
    fit: dict[str, ShelvedJoke] = {}
    for tier in tiers:
        for choice in selectors[tier].choices(candidates, opening=None):
            fit.setdefault(choice.fingerprint, ShelvedJoke(choice=choice, tier=tier))
    return tuple(sorted(fit.values(), key=lambda joke: joke.choice.score, reverse=True))
