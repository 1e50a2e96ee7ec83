"""Where a database is, as a person names it and as it may be shown: without its password."""

from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from bot.store.errors import StoreError

__all__ = ["SCHEMES", "database_url", "named_database", "place_of"]

SCHEMES = ("postgresql", "postgres")
"""How the URL of a database begins."""


def database_url(secret: SecretStr | None) -> sa.URL | None:
    """The URL for our driver; None stays None. Raises `StoreError` for what is no URL."""
    if secret is None:
        return None
    try:
        url = sa.make_url(secret.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in SCHEMES or not url.database:
        raise StoreError(
            "That is no URL of a database; write postgresql://user:password@host/database."
        )
    return url.set(drivername="postgresql+psycopg")


def named_database(name: str) -> sa.URL | Path:
    """What a person named on the command line: a URL, or a directory with a SQLite database.

    Raises `StoreError` for a URL that is none.
    """
    if "://" in name:
        url = database_url(SecretStr(name))
        assert url is not None  # noqa: S101 - for the type checker
        return url
    return Path(name)


def place_of(url: sa.URL) -> str:
    """The database and its host."""
    host = url.host or url.query.get("host") or "this machine"
    return f"{url.database} on {host if isinstance(host, str) else ', '.join(host)}"
