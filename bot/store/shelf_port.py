"""What the store keeps on the shelf; `tests/twins/shelves.py` holds the in-memory twin."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from finetune.moderation import Tier
from finetune.selection import Choice

__all__ = ["Draw", "ShelvedJoke", "Shelves"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShelvedJoke:
    """A joke nobody has heard yet; `tier` is the mildest tier that allows it."""

    choice: Choice
    tier: Tier


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """What a version made for one request without a topic, as far as it may be told.

    Of its jokes one is told and the others go, as they would have if somebody had waited for them.
    With its seed and its `recipe`, plain JSON of how tokens were drawn, it can be drawn again.
    """

    version: str
    seed: int
    recipe: str
    jokes: tuple[ShelvedJoke, ...]

    def choices(self, tier: Tier) -> list[Choice]:
        """The jokes that a tier allows, in their order."""
        tiers = tuple(Tier)
        allowed = tiers[: tiers.index(tier) + 1]
        return [joke.choice for joke in self.jokes if joke.tier in allowed]


class Shelves(Protocol):
    """Draws by model version. Every method may raise `StoreUnavailable`.

    `Store.mark_told` takes a draw from the shelf and `Store.flag` a joke. No joke that somebody has
    flagged, or that is hidden, is on any shelf.
    """

    async def put(self, draw: Draw) -> Draw | None:
        """Shelve a draw without what was reported anywhere or is on its version's shelf already.

        Returns what was shelved, or None when nothing was left.
        """

    async def draws(self, version: str) -> Sequence[Draw]:
        """What is on a version's shelf, in no order that means anything."""

    async def discard(self, draw: Draw) -> None:
        """Throw a draw away."""

    async def retain(self, versions: Collection[str], *, recipe: str) -> None:
        """Throw away what other versions made, and what was made by other recipes."""
