"""The database that the service is measured on."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from tests.postgres import PostgresServer

__all__ = ["database_for_bench"]


@contextmanager
def database_for_bench(name: str) -> Iterator[SecretStr | None]:
    """None for SQLite; otherwise the URL of a database, on a server with its own settings."""
    if name == "sqlite":
        yield None
    elif name == "postgresql":
        server = PostgresServer(settings=())
        try:
            yield server.new_empty_database()
        finally:
            server.close()
    else:
        yield SecretStr(name)
