"""Inserts that allow for rows that are there already, in the words of each database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["Upsert", "inserted_once"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upsert:
    """One statement for SQLite and one for PostgreSQL, which SQLAlchemy keeps apart."""

    sqlite: sa.Insert
    postgresql: sa.Insert

    def execute(
        self, connection: sa.Connection, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> None:
        """Execute the one for this connection."""
        on_postgres = connection.dialect.name == "postgresql"
        connection.execute(self.postgresql if on_postgres else self.sqlite, rows)


def inserted_once(table: sa.Table) -> Upsert:
    """The insert that leaves a row that is there as it is."""
    return Upsert(
        sqlite=sqlite.insert(table).on_conflict_do_nothing(),
        postgresql=postgresql.insert(table).on_conflict_do_nothing(),
    )
