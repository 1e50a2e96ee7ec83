"""One SQLite file off the event loop: one connection that writes, and a few that only read."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.errors import CLOSED, SLOW, unavailable
from bot.store.port import StoreUnavailable

__all__ = ["Database"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_READERS = 4


class Database:
    """Runs pieces of work, plain functions of a SQLAlchemy connection, in transactions.

    Each piece is one trip to a thread and back, however many statements it has. Writers queue for
    the one writing connection, so writers of one process never spin on SQLite's lock; another
    process is waited for up to `busy_timeout` seconds. `deadline`, in seconds, bounds every read.
    Every method raises `StoreUnavailable` in place of the driver's errors.
    """

    def __init__(self, *, path: Path, busy_timeout: float, deadline: float) -> None:
        self._deadline = deadline
        self._refusing = False
        self._unattended: set[asyncio.Future[Any]] = set()
        url = sa.URL.create("sqlite", database=str(path))
        shared: dict[str, Any] = {
            "connect_args": {"timeout": busy_timeout},
            "hide_parameters": True,
            "max_overflow": 0,
            "pool_timeout": deadline,
        }
        self._writer = sa.create_engine(url, pool_size=1, **shared)
        sa.event.listen(self._writer, "connect", _prepare_writer)
        sa.event.listen(self._writer, "begin", _begin_immediate)
        # Each read is a single statement, which sees one state of the database without a BEGIN.
        self._readers = sa.create_engine(
            url,
            pool_size=_READERS,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            **shared,
        )
        sa.event.listen(self._readers, "connect", _prepare_reader)
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="punchline-writer")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="punchline-reader")

    async def transaction(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work in one write transaction; it has committed when this returns.

        The work may run again after a failure, so it changes nothing but the database.
        """

        def run() -> T:
            with self._writer.begin() as connection:
                return work(connection)

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

        def run() -> T:
            with self._readers.connect() as connection:
                return work(connection)

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
        closing = asyncio.get_running_loop().run_in_executor(self._writing, self._dispose)
        done, _ = await asyncio.wait({closing}, timeout=self._deadline)
        self._reading.shutdown(wait=False)
        self._writing.shutdown(wait=False)
        if not done:
            self._finish_alone(closing)
            raise StoreUnavailable(SLOW)
        closing.result()

    def _dispose(self) -> None:
        self._readers.dispose()
        self._writer.dispose()

    def _finish_alone(self, future: asyncio.Future[Any]) -> None:
        # Nobody waits for it any more, but it is not cancelled: SQLite would go on to the end of
        # the statement anyhow, and then the connection comes back to the pool in good order.
        self._unattended.add(future)
        future.add_done_callback(self._finished)

    def _finished(self, future: asyncio.Future[Any]) -> None:
        self._unattended.discard(future)
        if not future.cancelled() and future.exception() is not None:
            logger.info("an abandoned read failed: %s", type(future.exception()).__name__)


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
