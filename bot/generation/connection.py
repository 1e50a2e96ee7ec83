"""What the supervisor needs of whatever serves a model version: a worker process, or a server."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.generation.protocol import Order, Ready, Report

__all__ = ["Connect", "Connection"]


class Connection(Protocol):
    """One life of what serves a version. Always `await stop()` it; nothing of it outlives that."""

    @property
    def pid(self) -> int | None:
        """The process id of a worker here."""

    @property
    def outage(self) -> bool:
        """Whether it ended, or would not begin, for a reason that no version is to blame for."""

    def described(self, ready: Ready) -> str:
        """What serves, for the log."""

    def send(self, order: Order) -> None:
        """Hand over an order, without waiting; one that comes too late is lost."""

    async def report(self) -> Report | None:
        """The next report, `Ready` or `Broken` first, or None at the end.

        Safe to cancel. Raises `ProtocolError`.
        """

    def kill(self) -> None:
        """End what does not answer, at once; `stop` still has to be awaited."""

    async def stop(self) -> str:
        """End, kindly first; returns why it would have ended by itself."""


Connect = Callable[[], Awaitable[Connection]]
"""Begins a life. Raises `OSError`."""
