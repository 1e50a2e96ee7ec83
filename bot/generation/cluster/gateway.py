"""One version's gateway to the cluster: orders go to replicas, what becomes of them is reported."""

import asyncio
import logging
from collections.abc import Callable

from bot.generation.cluster.port import (
    ApplicationGone,
    ClusterBusy,
    ClusterUnreachable,
    ReplicaLost,
    Replicas,
)
from bot.generation.protocol import (
    Cancel,
    Embed,
    Generate,
    Lost,
    Order,
    Ping,
    Pong,
    ProtocolError,
    Report,
    Room,
    decode_report,
    encode,
)

__all__ = ["Gateway"]

_BUSY_SECONDS = 1.0
"""How long nothing more is sent to a cluster that is full."""

_log = logging.getLogger("punchline.cluster")


class Gateway:
    """Speaks for the replicas as one worker would; `each` candidates fit on every one of them.

    `room` is how many the bot believes that there is room for when it begins.
    An order that no replica has finished after `order_seconds` counts as lost with it.
    """

    def __init__(
        self,
        *,
        replicas: Replicas,
        report: Callable[[Report], None],
        each: int,
        room: int,
        order_seconds: float,
    ) -> None:
        self._replicas = replicas
        self._report = report
        self._each = each
        self._order_seconds = order_seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._room = room
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, order: Order) -> None:
        """Obey an order without waiting for it."""
        match order:
            case Ping(number=number):
                self._report(Pong(number=number))
            case Cancel(id=order_id):
                if (task := self._running.pop(order_id, None)) is not None:
                    task.cancel()
            case Generate() | Embed():
                task = asyncio.create_task(self._carry_out(order))
                self._running[order.id] = task
                task.add_done_callback(lambda done: self._finished(order.id, done))

    async def watch(self, *, every_seconds: float) -> None:
        """Report how much room there is as replicas come and go, until the application is gone.

        Raises `ApplicationGone` or `ClusterUnreachable`.
        """
        while True:
            await self.look()
            await asyncio.wait({self._gone}, timeout=every_seconds)
            if self._gone.done():
                self._gone.result()

    async def look(self) -> None:
        """Report the room if it has changed; a replica that is away is on its way back.

        Raises `ApplicationGone` or `ClusterUnreachable`.
        """
        room = max(1, await self._replicas.running()) * self._each
        if room != self._room:
            self._room = room
            self._report(Room(slots=room))

    async def close(self) -> None:
        """Give up everything."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, order: Generate | Embed) -> None:
        try:
            async with asyncio.timeout(self._order_seconds):
                line = await self._replicas.obey(encode(order))
            report = decode_report(line)
        except ClusterBusy as error:
            report = self._lost(order, str(error), seconds=_BUSY_SECONDS)
        except TimeoutError:
            report = self._lost(order, f"no replica answered in {self._order_seconds:g} seconds")
        except (ReplicaLost, ProtocolError) as error:
            report = self._lost(order, str(error))
        except (ApplicationGone, ClusterUnreachable) as error:
            report = self._lost(order, str(error))
            if not self._gone.done():
                self._gone.set_exception(error)
        self._report(report)

    def _lost(self, order: Generate | Embed, detail: str, *, seconds: float = 0.0) -> Lost:
        _log.warning("A request was lost, and is tried again or given up: %s.", detail)
        return Lost(id=order.id, detail=detail, seconds=seconds)

    def _finished(self, order_id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(order_id) is task:
            del self._running[order_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A request to the cluster stumbled.", exc_info=error)
            self._report(Lost(id=order_id, detail=f"{type(error).__name__}: {error}"))
