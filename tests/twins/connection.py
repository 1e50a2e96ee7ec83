"""One life of a worker in memory: says what it is told to, and keeps what it is asked."""

import asyncio

from bot.generation.connection import Connection
from bot.generation.protocol import Generate, Order, Ready, Report

__all__ = ["ConnectionTwin"]


class ConnectionTwin:
    """Implements `Connection`; `slots` is the room it says it has when it begins."""

    def __init__(self, *, slots: int = 8) -> None:
        self.orders: list[Order] = []
        self._reports: asyncio.Queue[Report | None] = asyncio.Queue()
        self.say(Ready(version="twin", device="nowhere", dtype="float32", slots=slots))

    async def begin(self) -> Connection:
        """Implements `Connect`."""
        return self

    @property
    def generating(self) -> list[str]:
        """What requests were about, in the order in which they came."""
        return [order.topic or "" for order in self.orders if isinstance(order, Generate)]

    def say(self, report: Report) -> None:
        """Report something."""
        self._reports.put_nowait(report)

    @property
    def pid(self) -> int | None:
        return None

    @property
    def outage(self) -> bool:
        return False

    def described(self, ready: Ready) -> str:
        return "in memory"

    def send(self, order: Order) -> None:
        self.orders.append(order)

    async def report(self) -> Report | None:
        return await self._reports.get()

    def kill(self) -> None:
        self._reports.put_nowait(None)

    async def stop(self) -> str:
        return ""
