"""What a worker does besides answering requests: orders that end with it and can be given up."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from bot.generation.port import GenerationError
from bot.generation.protocol import Cancel, Embed, Generate, Order
from bot.jokes import Reason

__all__ = ["Errands"]

T = TypeVar("T")


class Errands(Generic[T]):
    """Orders under way and who awaits their outcome; `send` hands the worker an order."""

    def __init__(self, *, send: Callable[[Order], None]) -> None:
        self._send = send
        self._open: dict[str, asyncio.Future[T]] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def run(self, order: Embed | Generate) -> T:
        """The outcome of an order, which is cancelled with the task that awaits it.

        Raises `GenerationError` when it is given up or cannot be done.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._open[order.id] = future
        self._send(order)
        try:
            return await future
        finally:
            if self._open.pop(order.id, None) is not None:
                self._send(Cancel(id=order.id))

    def done(self, order_id: str, outcome: T) -> None:
        """The worker has done an order; one that nobody awaits is ignored."""
        future = self._open.pop(order_id, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def refuse(self, order_id: str, reason: Reason) -> None:
        """The worker cannot do an order; one that nobody awaits is ignored."""
        future = self._open.pop(order_id, None)
        if future is not None and not future.done():
            future.set_exception(GenerationError(reason))

    def give_up(self, reason: Reason) -> None:
        """Cancel everything, at the worker first if there is one."""
        for order_id in list(self._open):
            self._send(Cancel(id=order_id))
            self.refuse(order_id, reason)
