"""The shelf: draws of the versions that serve, at hand for whoever asks without a topic."""

from collections.abc import Callable, Collection, Iterable

from bot.store.shelf_port import Draw
from finetune.moderation import Tier

__all__ = ["MILDEST", "Shelf"]

MILDEST = next(iter(Tier))
"""Every draw has a joke for this tier when it is shelved, and so one for every tier."""


class Shelf:
    """What is in memory of the shelves in the store, which have the last word.

    `answers` says which version answers a request, by the number of its joke. A draw that was taken
    is gone from here whether or not it is told; the store knows.
    """

    def __init__(self, *, answers: Callable[[int], str]) -> None:
        self._answers = answers
        self._draws: dict[str, dict[int, Draw]] = {}

    def take(self, joke_id: int, tier: Tier) -> Draw | None:
        """A draw of the version that answers this request, with a joke for a tier."""
        draws = self._draws.get(self._answers(joke_id), {})
        for seed, draw in draws.items():
            if draw.choices(tier):
                return draws.pop(seed)
        return None

    def put(self, draw: Draw) -> None:
        """Add a draw."""
        self._draws.setdefault(draw.version, {})[draw.seed] = draw

    def fill(self, version: str, draws: Iterable[Draw]) -> None:
        """Let a version have these draws and no others."""
        self._draws[version] = {draw.seed: draw for draw in draws}

    def retain(self, versions: Collection[str]) -> None:
        """Let other versions have none."""
        for version in self._draws.keys() - set(versions):
            del self._draws[version]

    def stock(self, version: str) -> int:
        """How many jokes of a version can be told, one of each draw."""
        draws = self._draws.get(version, {}).values()
        return sum(bool(draw.choices(MILDEST)) for draw in draws)
