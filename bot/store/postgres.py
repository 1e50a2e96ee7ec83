"""PostgreSQL: one connection that writes, a few that read, and both in an outage."""

import logging
import secrets
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.backend import READERS, Among
from bot.store.errors import will_pass
from bot.store.marks import leave_mark, mark_left

__all__ = ["PostgresBackend", "new_engine"]

T = TypeVar("T")

logger = logging.getLogger("punchline.store")

_PAUSE = 0.2
_PATIENCE = 0.8  # of the deadline, so that who waits hears what is wrong instead of nothing
_TURNS = 0x70756E63  # the first of the two numbers of all our advisory locks for writes
_STRIPES = 127
_CONNECTION = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
    "application_name": "punchline",
}


class _InDoubtError(Exception):
    """The connection broke while a transaction committed: it may have, or not."""

    def __init__(self, mark: str, result: Any, cause: sa.exc.DBAPIError) -> None:
        super().__init__(mark)
        self.mark = mark
        self.result = result
        self.cause = cause


class PostgresBackend:
    """Implements `bot.store.backend.Backend`.

    Writes that name nothing in common run at the same time in several processes; advisory locks
    keep the others apart, so that each sees what was committed before it, as on SQLite. A write or
    read that finds no database is tried again for most of `deadline` seconds. A commit that was
    never answered is looked for by the mark that each transaction of this `owner` leaves.
    """

    def __init__(self, *, url: sa.URL, owner: str, busy_timeout: float, deadline: float) -> None:
        self._owner = owner
        self._outage = _Outage(patience=deadline * _PATIENCE)
        shared = {"max_overflow": 0, "pool_timeout": deadline}
        patience = {"lock_timeout": f"{busy_timeout:.3f}s"}
        self._writer = new_engine(url, session=patience, pool_size=1, **shared)
        self._readers = new_engine(
            url,
            session={
                "default_transaction_read_only": "on",
                "statement_timeout": f"{deadline:.3f}s",
            },
            pool_size=READERS,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            **shared,
        )

    def write(self, work: Callable[[sa.Connection], T], among: Among) -> T:
        doubt: _InDoubtError | None = None
        while True:
            try:
                if doubt is None or not self._has_committed(doubt):
                    doubt = None
                    result = self._transaction(work, among)
                else:
                    result = doubt.result
            except _InDoubtError as error:
                doubt = error
                self._outage.wait(error.cause)
            except sa.exc.DBAPIError as error:
                self._outage.wait(error)
            else:
                self._outage.over()
                return result

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        while True:
            try:
                with self._readers.connect() as connection:
                    result = work(connection)
            except sa.exc.DBAPIError as error:
                self._outage.wait(error)
            else:
                self._outage.over()
                return result

    def dispose(self) -> None:
        self._outage.give_up()
        self._readers.dispose()
        self._writer.dispose()

    def _transaction(self, work: Callable[[sa.Connection], T], among: Among) -> T:
        mark = secrets.token_hex(8)
        with self._writer.connect() as connection, connection.begin() as transaction:
            _take_turn(connection, among)
            result = work(connection)
            leave_mark(connection, owner=self._owner, mark=mark)
            try:
                transaction.commit()
            except sa.exc.DBAPIError as error:
                if error.connection_invalidated:
                    raise _InDoubtError(mark, result, error) from error
                raise
        return result

    def _has_committed(self, doubt: _InDoubtError) -> bool:
        with self._writer.begin() as connection:
            return mark_left(connection, owner=self._owner) == doubt.mark


class _Outage:
    """How long there has been no database, for all threads of a process."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._began: float | None = None
        self._ending = threading.Event()

    def wait(self, error: sa.exc.DBAPIError) -> None:
        """Let a moment pass before the next try; raises the error when that is of no use."""
        now = time.monotonic()
        if not will_pass(error):
            raise error
        if self._began is None:
            self._began = now
            logger.warning("The database cannot be reached; trying again.")
        if now - self._began > self._patience or self._ending.wait(_PAUSE):
            raise error

    def over(self) -> None:
        """Note that the database has answered."""
        if self._began is not None:
            self._began = None
            logger.info("The database answers again.")

    def give_up(self) -> None:
        """Wait no more."""
        self._ending.set()


def new_engine(url: sa.URL, *, session: dict[str, str], **options: Any) -> sa.Engine:
    """An engine whose sessions have these settings; what the URL says of the connection holds."""
    chosen = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    engine = sa.create_engine(
        url, connect_args=chosen, hide_parameters=True, use_native_hstore=False, **options
    )

    def prepare(connection: Any, _record: object) -> None:
        connection.autocommit, before = True, connection.autocommit
        with connection.cursor() as cursor:
            for name, value in session.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
            # What has been acknowledged is on disk, whatever the server does for others.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') = 'off'"
            )
        connection.autocommit = before

    sa.event.listen(engine, "connect", prepare)
    return engine


def _take_turn(connection: sa.Connection, among: Among) -> None:
    """Wait until no other process writes what this transaction touches."""
    if among is None:
        connection.execute(_ALONE)
    else:
        # Always in the same order, so that no two wait for each other. Few locks, however many
        # names: each takes room in the server's shared memory.
        stripes = sorted({zlib.crc32(name.encode()) % _STRIPES + 1 for name in among})
        connection.execute(_TOGETHER, {"stripes": [0, *stripes]})


_ALONE = sa.text(f"SELECT pg_advisory_xact_lock({_TURNS}, 0)")
_TOGETHER = sa.text(
    f"SELECT CASE stripe WHEN 0 THEN pg_advisory_xact_lock_shared({_TURNS}, 0)::text"  # noqa: S608
    f" ELSE pg_advisory_xact_lock({_TURNS}, stripe)::text END"
    " FROM unnest(CAST(:stripes AS integer[])) AS stripe"
)
