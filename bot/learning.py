"""Learning as the admins' commands see it: retrain, list the model versions, roll back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.languages import message
from bot.store.port import Store

__all__ = ["Learner", "LearningRefused", "ModelLine", "ServingLearner"]


class LearningRefused(Exception):  # noqa: N818 - reads as what has happened
    """It cannot be done now; the text is one of the catalogues' with no places to fill in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelLine:
    """A model version, what members made of it, and whether it serves now."""

    version: str
    serving: bool
    jokes: int
    up: int
    down: int


class Learner(Protocol):
    """What an admin may ask for. Every method may raise `StoreUnavailable`."""

    async def retrain(self) -> None:
        """Begin to learn from the votes. Raises `LearningRefused`."""

    async def models(self) -> Sequence[ModelLine]:
        """Every version that has told a joke, and the one that serves, which comes first."""

    async def roll_back(self, version: str | None) -> None:
        """Serve an earlier version again, by default the one before. Raises `LearningRefused`."""


class ServingLearner:
    """Knows the one version that serves, and has nothing to learn from yet."""

    def __init__(self, *, store: Store, version: str) -> None:
        self._store = store
        self._version = version

    async def retrain(self) -> None:
        raise LearningRefused(message("There is nothing to learn from yet."))

    async def models(self) -> Sequence[ModelLine]:
        told = {
            record.version: ModelLine(
                version=record.version,
                serving=record.version == self._version,
                jokes=record.jokes,
                up=record.up,
                down=record.down,
            )
            for record in await self._store.versions()
        }
        silent = ModelLine(version=self._version, serving=True, jokes=0, up=0, down=0)
        return [told.pop(self._version, silent), *told.values()]

    async def roll_back(self, version: str | None) -> None:
        raise LearningRefused(message("There is no earlier version to go back to."))
