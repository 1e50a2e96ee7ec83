"""Which bot processes are alive: by lock files beside SQLite, by sessions of PostgreSQL."""

from collections.abc import Collection
from typing import Protocol

__all__ = ["Owner", "Owners"]


class Owner(Protocol):
    """One open store: the owner of the requests it is answering."""

    id: str

    def release(self) -> None:
        """Give up ownership; what is still pending can be adopted by others."""


class Owners(Protocol):
    """All of them. Methods block, so they belong in a thread."""

    def dead(self, owners: Collection[str]) -> list[str]:
        """Those whose process is gone; an id is never used twice, so they stay gone.

        Raises `StoreUnavailable` when that cannot be known now.
        """

    def any_alive(self) -> bool:
        """Whether any process has the store open."""
