"""What `Database` needs of a kind of database: transactions and reads, made in threads."""

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

import sqlalchemy as sa

__all__ = ["READERS", "Among", "Backend"]

T = TypeVar("T")

READERS = 4
"""Connections that only read, and as many threads."""

Among = Collection[str] | None
"""Names of what a write touches: writes that name nothing in common may run at the same time.

None stands for everything: such a write is alone among those of all processes.
"""


class Backend(Protocol):
    """Every method blocks and raises SQLAlchemy's errors."""

    def write(self, work: Callable[[sa.Connection], T], among: Among) -> T:
        """The work's result, once its transaction has committed. One thread calls this."""

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """The result of a single SELECT, on a connection that cannot write."""

    def dispose(self) -> None:
        """Close every connection."""
