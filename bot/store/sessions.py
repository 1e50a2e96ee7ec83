"""Which bot processes are alive on PostgreSQL: each holds an advisory lock until it ends."""

import logging
import re
import secrets
import threading
import time
from collections.abc import Collection

import sqlalchemy as sa

from bot.store.errors import unavailable
from bot.store.marks import leave_mark, marked_owners, remove_marks
from bot.store.postgres import new_engine
from bot.store.tables import notes

__all__ = ["SessionOwner", "SessionOwners"]

logger = logging.getLogger("punchline.store")

_ID = re.compile(r"[0-9a-f]{16}")
_PULSE = 0.5
_LOOK = 0.25
_GRACE = 4.0
# So that the server soon notices a machine that has lost its power or its network.
_SESSION = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}


class SessionOwner:
    """One open store, the owner of the requests it is answering, alive by a session of its own.

    When the session is lost, with the server or the network, a thread takes the lock again.
    """

    def __init__(self, *, id: str, engine: sa.Engine, connection: sa.Connection) -> None:
        self.id = id
        self._engine = engine
        self._connection: sa.Connection | None = connection
        self._released = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="punchline-owner", daemon=True)
        self._keeper.start()

    def release(self) -> None:
        """Give up ownership; what is still pending can be adopted by others."""
        self._released.set()
        self._keeper.join()

    def _keep(self) -> None:
        while not self._released.wait(_PULSE):
            self._beat()
        try:
            if self._connection is not None:
                remove_marks(self._connection, [self.id])
        except sa.exc.DBAPIError:
            logger.debug("the database has not heard of our end")
        finally:
            self._close()
            self._engine.dispose()

    def _beat(self) -> None:
        """Make sure that the lock is ours."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
                # The server may not have noticed yet that our earlier session is gone.
                if not _locked(self._connection, self.id):
                    self._close()
            else:
                self._connection.execute(sa.select(sa.literal(1)))
        except sa.exc.DBAPIError:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


class SessionOwners:
    """Implements `bot.store.owners.Owners` by asking the server who holds which lock.

    A process that ended well has removed its mark and is known to be gone. One that has left its
    mark and holds no lock may have lost its session a moment ago, as all do when the server starts
    anew; it is gone if it has not taken its lock again after `grace` seconds.
    """

    def __init__(self, *, url: sa.URL, grace: float = _GRACE) -> None:
        self._url = url
        self._grace = grace

    def register(self) -> SessionOwner:
        """A new owner with an id nobody had before.

        Raises `StoreUnavailable`.
        """
        id = secrets.token_hex(8)
        engine = self._engine()
        try:
            connection = engine.connect()
            _locked(connection, id)
            leave_mark(connection, owner=id, mark="")
        except sa.exc.DBAPIError as error:
            engine.dispose()
            raise unavailable(error) from error
        return SessionOwner(id=id, engine=engine, connection=connection)

    def dead(self, owners: Collection[str]) -> list[str]:
        end = time.monotonic() + self._grace
        try:
            with self._engine().connect() as connection:
                while True:
                    missing = set(owners) - _holders(connection)
                    doubtful = marked_owners(connection) & missing
                    if doubtful and time.monotonic() < end:
                        time.sleep(_LOOK)
                        continue
                    if doubtful:
                        remove_marks(connection, doubtful)
                    return sorted(missing)
        except sa.exc.DBAPIError as error:
            raise unavailable(error) from error

    def any_alive(self) -> bool:
        return self.count_alive() > 0

    def count_alive(self) -> int:
        """How many processes have the store open. Raises `StoreUnavailable`."""
        try:
            with self._engine().connect() as connection:
                # A database that nobody has opened yet has no notes.
                if not sa.inspect(connection).has_table(notes.name):
                    return 0
                return len(marked_owners(connection) & _holders(connection))
        except sa.exc.DBAPIError as error:
            raise unavailable(error) from error

    def _engine(self) -> sa.Engine:
        return new_engine(
            self._url, session=_SESSION, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
        )


def _locked(connection: sa.Connection, id: str) -> bool:
    """Take the owner's lock unless somebody holds it; it is held until the session ends."""
    return bool(connection.scalar(_TAKE, {"key": _signed(int(id, 16))}))


def _holders(connection: sa.Connection) -> set[str]:
    return {f"{high:08x}{low:08x}" for high, low in connection.execute(_HELD)}


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


_TAKE = sa.text("SELECT pg_try_advisory_lock(CAST(:key AS bigint))")
# A lock on one number of 64 bits, which PostgreSQL shows as two of 32.
_HELD = sa.text(
    "SELECT CAST(classid AS bigint), CAST(objid AS bigint) FROM pg_locks"
    " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
