"""Which prompts and jokes are fit to be told, for each tier and each live version."""

import asyncio
from collections.abc import Mapping

from bot.model import ServedModel
from finetune.moderation import Moderator, Tier
from finetune.novelty import NoveltyIndex
from finetune.selection import Selector

__all__ = ["ByTier", "Selectors"]

ByTier = Mapping[Tier, Selector]


class Selectors:
    """Prompts are judged alike for all; jokes by what the version that wrote them was taught.

    Without a `moderator` the one that ships with Punchline is loaded when it is first needed.
    """

    def __init__(self, *, moderator: Moderator | None = None) -> None:
        self._moderator = moderator
        self._loading = asyncio.Lock()
        self._plain = {} if moderator is None else _selectors(moderator, novelty=None)
        self._versions: dict[str, ByTier] = {}

    async def load(self) -> None:
        """Make `prompt` ready, which takes more than a second the first time."""
        await self._loaded()

    async def begin(self, model: ServedModel) -> None:
        """Judge what a version will write. Raises `BrokenVersionError`."""
        moderator = await self._loaded()
        novelty = await asyncio.to_thread(model.novelty)
        self._versions[model.name] = _selectors(moderator, novelty=novelty)

    def end(self, version: str) -> None:
        """Forget a version that writes no more."""
        self._versions.pop(version, None)

    def prompt(self, tier: Tier) -> Selector:
        """What decides which prompts are fit for a tier."""
        return self._plain[tier]

    def of(self, version: str) -> ByTier:
        """What decides which jokes of a version are fit; taken before the version is let go."""
        return self._versions.get(version, self._plain)

    async def _loaded(self) -> Moderator:
        async with self._loading:
            if self._moderator is None:
                self._moderator = await asyncio.to_thread(Moderator.load)
                self._plain = _selectors(self._moderator, novelty=None)
            return self._moderator


def _selectors(moderator: Moderator, *, novelty: NoveltyIndex | None) -> dict[Tier, Selector]:
    return {tier: Selector(moderator=moderator, tier=tier, novelty=novelty) for tier in Tier}
