"""The model to serve, for a command that a person waits for."""

import asyncio

from bot.generation.cluster.ray_cluster import MISSING, has_ray
from bot.model import ServedModel, prepared_model, ready_model
from bot.settings import Settings, SettingsError
from finetune.progress import progress_bar

__all__ = ["prepared", "refuse_without_ray"]


async def prepared(settings: Settings) -> ServedModel:
    """The model, with a progress bar if its base takes some making.

    Raises `BaseModelError`, `BrokenVersionError`, and `SettingsError` where Ray is to serve it and
    is not installed.
    """
    if settings.generation.where == "ray":
        refuse_without_ray()
    ready = await asyncio.to_thread(ready_model, settings)
    if ready is not None:
        return ready
    with progress_bar("preparing the base model (once)") as show_progress:
        return await prepared_model(settings, progress=show_progress)


def refuse_without_ray() -> None:
    """Raise `SettingsError` unless Ray is installed."""
    if not has_ray():
        raise SettingsError(MISSING)
