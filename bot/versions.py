"""Where the files of a version are that is known by its name."""

import asyncio
from pathlib import Path

from bot.model import ServedModel, made_model
from bot.settings import Settings
from finetune.artifacts import BrokenVersionError, slug, verify

__all__ = ["VersionFinder", "models_directory", "version_directory"]


def models_directory(settings: Settings) -> Path:
    """Where the versions are that were made here."""
    return settings.store.directory / "models"


def version_directory(models: Path, name: str) -> Path:
    """Where a version of this name is or would be. Raises `BrokenVersionError`."""
    if slug(name) != name:
        raise BrokenVersionError(f"{name} is no name of a version.")
    return models / name


class VersionFinder:
    """Finds the version that all began with, the `origin`, and those that were made here."""

    def __init__(self, *, origin: ServedModel, settings: Settings) -> None:
        self.origin = origin
        self._settings = settings

    async def __call__(self, name: str) -> ServedModel:
        """A version's files, checked against their sums unless it is the origin.

        Raises `BaseModelError` or `BrokenVersionError`.
        """
        if name == self.origin.name:
            return self.origin
        return await asyncio.to_thread(self._made_here, name)

    def _made_here(self, name: str) -> ServedModel:
        directory = version_directory(models_directory(self._settings), name)
        model = made_model(directory, self._settings)
        if verify(directory).version != name:
            raise BrokenVersionError(f"{directory} holds another version, {model.name}.")
        return model
