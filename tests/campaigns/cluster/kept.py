"""Reads the database from outside: what PostgreSQL really has."""

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from pydantic import SecretStr

from bot.store.identity import MemberHasher
from tests.campaigns.cluster.ledger import VoteKey
from tests.postgres import connected

__all__ = ["Kept"]

_FRONT = "discord"
_DOUBLED = """
    SELECT coalesce(sum(times - 1), 0) FROM (
        SELECT count(*) AS times FROM jokes WHERE state = 'told'
        GROUP BY community_id, lower(text)
    ) AS texts
"""


class Kept:
    """The database of the bots; `key` is that by which they hash members."""

    def __init__(self, *, url: SecretStr, key: bytes) -> None:
        self._url = url
        self._hasher = MemberHasher(key=key)

    def states(self) -> Counter[str]:
        """How many requests are pending, told and declined."""
        rows = self._rows("SELECT state, count(*) FROM jokes GROUP BY state")
        return Counter({str(state): int(number) for state, number in rows})

    def doubled(self) -> int:
        """Told jokes that their community had been told before."""
        return int(self._rows(_DOUBLED)[0][0])

    def origins(self) -> set[int]:
        """The platform's numbers of all requests that were written down."""
        rows = self._rows("SELECT origin FROM jokes WHERE origin IS NOT NULL")
        return {int(origin) for (origin,) in rows}

    def votes(self, keys: Iterable[VoteKey]) -> dict[VoteKey, int]:
        """Those of these votes that there are."""
        rows = self._rows("SELECT joke_id, member, value FROM votes")
        found = {(joke, member): value for joke, member, value in rows}
        hashed = {key: (key[0], self._hasher.hash(_FRONT, key[1])) for key in keys}
        return {key: int(found[each]) for key, each in hashed.items() if each in found}

    def _rows(self, query: str) -> "list[sa.Row[tuple[object, ...]]]":
        with connected(self._url) as connection:
            return list(connection.exec_driver_sql(query).all())
