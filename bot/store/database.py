"""The database off the event loop: one thread that writes, and a few that only read."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.backend import READERS, Among, Backend
from bot.store.errors import CLOSED, SLOW, unavailable
from bot.store.port import StoreUnavailable

__all__ = ["Database"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Database:
    """Runs pieces of work, plain functions of a SQLAlchemy connection, in transactions.

    Each piece is one trip to a thread and back, however many statements it has. Writers queue for
    the one writing connection, so writers of one process never wait for each other's locks.
    `deadline`, in seconds, bounds every read. Every method raises `StoreUnavailable` in place of
    the errors of the driver.
    """

    def __init__(self, *, backend: Backend, deadline: float) -> None:
        self._backend = backend
        self._deadline = deadline
        self._refusing = False
        self._unattended: set[asyncio.Future[Any]] = set()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="punchline-writer")
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="punchline-reader")

    async def transaction(self, work: Callable[[sa.Connection], T], *, among: Among = None) -> T:
        """Run the work in one write transaction; it has committed when this returns.

        The work may run again after a failure, so it changes nothing but the database.
        """
        run = partial(self._backend.write, work, among)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writing, run)
        except sa.exc.IntegrityError:
            raise  # a broken rule is a fault of the caller, not of the database
        except sa.exc.DBAPIError as error:
            raise unavailable(error) from error
        except sa.exc.TimeoutError:
            raise StoreUnavailable(SLOW) from None

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work, a single SELECT, on a connection that cannot write."""
        if self._refusing:
            raise StoreUnavailable(CLOSED)
        run = partial(self._backend.read, work)
        reading = asyncio.get_running_loop().run_in_executor(self._reading, run)
        try:
            done, _ = await asyncio.wait({reading}, timeout=self._deadline)
            if not done:
                raise StoreUnavailable(SLOW)
            return reading.result()
        except sa.exc.DBAPIError as error:
            raise unavailable(error) from error
        except sa.exc.TimeoutError:
            raise StoreUnavailable(SLOW) from None
        finally:
            if not reading.done():
                self._finish_alone(reading)

    def refuse_reads(self) -> None:
        """Begin no more reads; those that run may end."""
        self._refusing = True

    async def close(self) -> None:
        """Close every connection; the last one to close folds the log into the database."""
        if self._unattended:
            await asyncio.wait(self._unattended, timeout=self._deadline)
        # Behind all that writes: the last connection is closed by the thread that used it.
        closing = asyncio.get_running_loop().run_in_executor(self._writing, self._backend.dispose)
        done, _ = await asyncio.wait({closing}, timeout=self._deadline)
        self._reading.shutdown(wait=False)
        self._writing.shutdown(wait=False)
        if not done:
            self._finish_alone(closing)
            raise StoreUnavailable(SLOW)
        closing.result()

    def _finish_alone(self, future: asyncio.Future[Any]) -> None:
        # Nobody waits for it any more, but it is not cancelled: a database goes on to the end of
        # the statement anyhow, and then the connection comes back to the pool in good order.
        self._unattended.add(future)
        future.add_done_callback(self._finished)

    def _finished(self, future: asyncio.Future[Any]) -> None:
        self._unattended.discard(future)
        if not future.cancelled() and future.exception() is not None:
            logger.info("an abandoned read failed: %s", type(future.exception()).__name__)
