"""One SQLite file through asyncio: one connection that writes, and a few that only read."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import CLOSED, SLOW, unavailable
from bot.store.port import StoreUnavailable

__all__ = ["Database"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_READERS = 4


class Database:
    """Runs pieces of work, plain functions of a SQLAlchemy connection, in transactions.

    Writers queue for the one writing connection, so writers of one process never spin on SQLite's
    lock; another process is waited for up to `busy_timeout` seconds. `deadline`, in seconds,
    bounds every read. Every method raises `StoreUnavailable` in place of the driver's errors.
    """

    def __init__(self, *, path: Path, busy_timeout: float, deadline: float) -> None:
        self._deadline = deadline
        self._refusing = False
        self._unattended: set[asyncio.Task[Any]] = set()
        url = sa.URL.create("sqlite+aiosqlite", database=str(path))
        shared: dict[str, Any] = {
            "connect_args": {"timeout": busy_timeout},
            "hide_parameters": True,
            "max_overflow": 0,
            "pool_timeout": deadline,
        }
        self._writer = create_async_engine(url, pool_size=1, **shared)
        sa.event.listen(self._writer.sync_engine, "connect", _prepare_writer)
        sa.event.listen(self._writer.sync_engine, "begin", _begin_immediate)
        # Each read is a single statement, which sees one state of the database without a BEGIN.
        self._readers = create_async_engine(
            url,
            pool_size=_READERS,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            **shared,
        )
        sa.event.listen(self._readers.sync_engine, "connect", _prepare_reader)

    async def transaction(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work in one write transaction; it has committed when this returns.

        The work may run again after a failure, so it changes nothing but the database.
        """
        try:
            async with self._writer.begin() as connection:
                return await connection.run_sync(work)
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
        reading = asyncio.get_running_loop().create_task(_run(self._readers, work))
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
        closing = asyncio.get_running_loop().create_task(self._dispose())
        done, _ = await asyncio.wait({closing}, timeout=self._deadline)
        if not done:
            self._finish_alone(closing)
            raise StoreUnavailable(SLOW)

    async def _dispose(self) -> None:
        await self._readers.dispose()
        await self._writer.dispose()

    def _finish_alone(self, task: asyncio.Task[Any]) -> None:
        # Nobody waits for it any more, but it is not cancelled: SQLite would go on to the end of
        # the statement anyhow, and then the connection comes back to the pool in good order.
        self._unattended.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._unattended.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.info("an abandoned read failed: %s", type(task.exception()).__name__)


async def _run(engine: AsyncEngine, work: Callable[[sa.Connection], T]) -> T:
    async with engine.connect() as connection:
        return await connection.run_sync(work)


def _prepare_writer(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: we begin them, and at once for writing.
    # One that starts by reading can fail at its first write however long it is willing to wait.
    connection.isolation_level = None
    _set(connection, "foreign_keys=ON", "synchronous=FULL")


def _prepare_reader(connection: Any, _record: object) -> None:
    _set(connection, "query_only=ON")


def _set(connection: Any, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
