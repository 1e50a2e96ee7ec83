"""After a restart: answers whom the process before still owed an answer."""

import asyncio
import logging
from collections.abc import Mapping

from bot.fronts.port import Front
from bot.jokes import Joke
from bot.service import JokeService
from bot.store.port import PendingRequest, UndeliveredJoke
from bot.tracing import about_request

__all__ = ["Recovery"]

_AT_ONCE = 8
"""Answers that one front-end gives at the same moment, beside those to new requests."""

_log = logging.getLogger("punchline.recovery")


class Recovery:
    """Goes through what a dead bot process left behind, with the front-ends by name."""

    def __init__(self, *, service: JokeService, fronts: Mapping[str, Front]) -> None:
        self._service = service
        self._fronts = fronts
        self._rooms: dict[str, asyncio.Semaphore] = {}

    async def run(self) -> int:
        """Answer every request, or close those nobody can hear; returns how many were answered.

        A joke that may not have arrived is handed to its front-end again. No front-end waits for
        another, which may be out of reach for hours. What belongs to front-ends that this process
        has not is left to one that has: a `chat` must not give up what `run` owes.
        """
        undelivered = await self._service.undelivered(self._fronts)
        pending = await self._service.orphans(self._fronts)
        return sum(
            await asyncio.gather(*map(self._delivered, undelivered), *map(self._answered, pending))
        )

    async def _delivered(self, undelivered: UndeliveredJoke) -> bool:
        with about_request():
            try:
                async with self._room(undelivered.front):
                    answered = await self._deliver(undelivered)
            except Exception:
                _log.exception("Joke %d cannot be delivered again.", undelivered.joke.id)
                answered = False
            await self._service.delivered(undelivered.joke.id)
            return answered

    async def _answered(self, pending: PendingRequest) -> bool:
        with about_request():
            try:
                async with self._room(pending.request.community.front):
                    return await self._answer(pending)
            except Exception:
                _log.exception("Request %d from before the restart is lost.", pending.joke_id)
                return False
            finally:
                await self._service.give_up(pending)

    def _room(self, front: str) -> asyncio.Semaphore:
        return self._rooms.setdefault(front, asyncio.Semaphore(_AT_ONCE))

    async def _deliver(self, undelivered: UndeliveredJoke) -> bool:
        """False when nobody would hear it."""
        front = self._fronts.get(undelivered.front)
        if front is None or not await front.reachable(undelivered.address):
            return False
        await front.answer_late(undelivered.address, undelivered.joke, perhaps_seen=True)
        return True

    async def _answer(self, pending: PendingRequest) -> bool:
        """False when nobody would hear it."""
        front = self._fronts.get(pending.request.community.front)
        address = pending.request.address
        if front is None or address is None or not await front.reachable(address):
            return False
        answer = await self._service.resume(pending)
        await front.answer_late(address, answer, perhaps_seen=False)
        if isinstance(answer, Joke):
            await self._service.delivered(answer.id)
        return True
