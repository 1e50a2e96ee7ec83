"""Group commit: writes that wait at the same moment share one transaction and one disk flush."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.measures import Measures
from bot.store.backend import Among
from bot.store.database import Database
from bot.store.errors import CLOSED, SLOW
from bot.store.port import StoreUnavailable

__all__ = ["Operation", "Writer", "executing"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
Operation = Callable[[sa.Connection], T]
"""A write: a plain function that may run twice, and whose result is given out after the commit."""

_BATCH = 256


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Write:
    operation: Operation[Any]
    undo: Callable[[Any], Operation[Any]] | None
    among: Among
    outcome: asyncio.Future[Any]


def executing(statement: sa.Executable) -> Operation[None]:
    """The operation that executes a statement, of which nothing is to be returned."""

    def execute(connection: sa.Connection) -> None:
        connection.execute(statement)

    return execute


class Writer:
    """Runs the writes of all callers in the order they came, many in one transaction.

    A write that fails by itself doesn't touch the others: the batch is rolled back and each runs
    alone. A failure of the database fails them all. A caller that stops waiting (cancelled, or
    after `deadline` seconds) takes back a write that has not started; one that commits all the
    same is followed by its `undo`, where it has one.
    """

    def __init__(
        self, *, database: Database, deadline: float, measures: Measures | None = None
    ) -> None:
        self._database = database
        self._deadline = deadline
        self._measures = measures or Measures()
        self._queue: asyncio.Queue[_Write | None] = asyncio.Queue()
        self._closed = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name="store writer")

    async def write(
        self,
        operation: Operation[T],
        *,
        undo: Callable[[T], Operation[object]] | None = None,
        among: Among = None,
    ) -> T:
        """The operation's result, once it is on disk; `among` says what it touches.

        Raises `StoreUnavailable`, and whatever the operation itself raises.
        """
        if self._closed:
            raise StoreUnavailable(CLOSED)
        began = time.monotonic()
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        write = _Write(operation=operation, undo=undo, among=among, outcome=outcome)
        self._queue.put_nowait(write)
        try:
            async with asyncio.timeout(self._deadline):
                result: T = await self._outcome(write)
        except TimeoutError:
            self._measures.write_failed()
            raise StoreUnavailable(SLOW) from None
        except StoreUnavailable:
            self._measures.write_failed()
            raise
        self._measures.written(time.monotonic() - began)
        return result

    async def close(self) -> None:
        """Refuse new writes, finish those that wait, and stop."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)
        await asyncio.wait({self._task}, timeout=self._deadline)
        if not self._task.done():
            logger.warning("the database is still writing; not waiting for it any longer")

    async def _outcome(self, write: _Write) -> Any:
        try:
            return await write.outcome
        except asyncio.CancelledError:
            # It may have committed in the moment before, and the caller will never know.
            done = write.outcome.done() and not write.outcome.cancelled()
            if done and write.outcome.exception() is None:
                self._take_back(write, write.outcome.result())
            raise

    async def _run(self) -> None:
        open_for_more = True
        while open_for_more or not self._queue.empty():
            batch = [await self._queue.get()]
            while not self._queue.empty() and len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
            open_for_more = open_for_more and None not in batch
            await self._commit([write for write in batch if write is not None])

    async def _commit(self, batch: list[_Write]) -> None:
        wanted = [write for write in batch if not write.outcome.done()]
        if not wanted:
            return
        try:
            results = await self._database.transaction(
                lambda connection: [write.operation(connection) for write in wanted],
                among=_together(wanted),
            )
        except StoreUnavailable as error:
            _fail(wanted, error)
        except Exception as error:
            if len(wanted) == 1:
                _fail(wanted, error)
                return
            for write in wanted:
                await self._commit([write])
        else:
            for write, result in zip(wanted, results, strict=True):
                self._settle(write, result)

    def _settle(self, write: _Write, result: object) -> None:
        if not write.outcome.done():
            write.outcome.set_result(result)
        else:
            self._take_back(write, result)

    def _take_back(self, write: _Write, result: object) -> None:
        if write.undo is not None:
            outcome: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            outcome.add_done_callback(_report)
            operation = write.undo(result)
            self._queue.put_nowait(
                _Write(operation=operation, undo=None, among=write.among, outcome=outcome)
            )


def _together(batch: list[_Write]) -> Among:
    """What all of them touch; everything, if one does."""
    names: set[str] = set()
    for write in batch:
        if write.among is None:
            return None
        names.update(write.among)
    return names


def _fail(batch: list[_Write], error: Exception) -> None:
    for write in batch:
        if not write.outcome.done():
            write.outcome.set_exception(error)


def _report(outcome: asyncio.Future[object]) -> None:
    if outcome.exception() is not None:
        logger.warning("could not take back an abandoned write: %s", outcome.exception())
