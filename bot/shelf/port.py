"""What filling the shelf needs of others; `tests/bot/shelf/shop.py` has both in memory."""

from typing import Protocol

from bot.generation.port import Generation
from bot.generation.protocol import Sampling
from bot.store.version_port import Roles, Run

__all__ = ["IdleGenerator", "RolesAndRuns"]


class IdleGenerator(Protocol):
    """Versions that serve, and draw jokes while nobody wants any."""

    @property
    def champion(self) -> str:
        """The version that answers."""

    @property
    def challenger(self) -> str | None:
        """The version on trial, if there is one."""

    async def draw(self, version: str, *, count: int, seed: int, sampling: Sampling) -> Generation:
        """Candidates without a topic. Raises `GenerationError`, at once when somebody asks."""


class RolesAndRuns(Protocol):
    """What of `bot.store.version_port.Versions` matters here. Methods raise `StoreUnavailable`."""

    async def roles(self) -> Roles | None:
        """Which versions serve, or None before anybody has said."""

    async def going_on(self) -> Run | None:
        """The run that has not ended, whoever it belongs to."""
