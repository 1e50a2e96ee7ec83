"""A front-end in memory, whose addresses survive a restart as a chat's do."""

import asyncio

from bot.fronts.news import News
from bot.jokes import Answer

__all__ = ["MemoryFront"]


class MemoryFront:
    """Implements `bot.fronts.port.Front`.

    `delivered` holds what arrived late, by address. Addresses in `gone` cannot be reached, those
    in `broken` raise `ConnectionError` when they are answered. `waiting` says whether a person
    awaits something that `interrupt` can give up, `told_admins` holds the news for admins. Set
    `failure` to make `run` raise it.
    """

    def __init__(self, *, name: str = "memory") -> None:
        self.name = name
        self.delivered: dict[str, list[Answer]] = {}
        self.gone: set[str] = set()
        self.broken: set[str] = set()
        self.waiting = False
        self.failure: BaseException | None = None
        self.interrupted = 0
        self.told_admins: list[News] = []
        self.started = asyncio.Event()
        self._stopping = asyncio.Event()

    def successor(self) -> "MemoryFront":
        """The same chats after a restart of the program."""
        front = MemoryFront(name=self.name)
        front.delivered, front.gone, front.broken = self.delivered, self.gone, self.broken
        return front

    async def run(self) -> None:
        self.started.set()
        if self.failure is not None:
            raise self.failure
        await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()

    def interrupt(self) -> bool:
        self.interrupted += 1
        return self.waiting

    async def reachable(self, address: str) -> bool:
        return address not in self.gone

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        if address in self.broken:
            raise ConnectionError("the chat is closed")
        if perhaps_seen and answer in self.delivered.get(address, []):
            return
        self.delivered.setdefault(address, []).append(answer)

    async def tell_admins(self, news: News) -> None:
        self.told_admins.append(news)
