"""What the shelf needs of the database."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import groupby

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.refusals import check_shelved, check_text
from bot.store.shelf_port import Draw, ShelvedJoke
from bot.store.tables import flags, jokes, shelf
from bot.store.writer import Writer, executing
from finetune.moderation import Tier
from finetune.selection import Choice

__all__ = ["SqlShelves", "take_joke_off", "take_off", "there"]


class SqlShelves:
    """See `bot.store.shelf_port.Shelves` for each method."""

    def __init__(self, *, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def put(self, draw: Draw) -> Draw | None:
        check_shelved(draw)
        return await self._writer.write(lambda connection: _put(connection, draw))

    async def draws(self, version: str) -> Sequence[Draw]:
        check_text(version)
        return await self._database.read(lambda connection: _draws(connection, version))

    async def discard(self, draw: Draw) -> None:
        await self._writer.write(lambda connection: take_off(connection, draw.version, draw.seed))

    async def retain(self, versions: Collection[str], *, recipe: str) -> None:
        gone = sa.delete(shelf).where(
            sa.or_(shelf.c.model_version.not_in(versions), shelf.c.recipe != recipe)
        )
        await self._writer.write(executing(gone))


def there(connection: sa.Connection, version: str, seed: int, fingerprint: str) -> bool:
    """Whether a joke of a draw is still on the shelf."""
    place = {"version": version, "its_seed": seed, "its_fingerprint": fingerprint}
    return connection.scalar(_THERE, place) is not None


def take_off(connection: sa.Connection, version: str, seed: int) -> None:
    """Take a draw from its shelf."""
    connection.execute(_TAKE_OFF, {"version": version, "its_seed": seed})


def take_joke_off(connection: sa.Connection, joke_id: int) -> None:
    """Take what is the same as a told joke from all shelves."""
    connection.execute(_TAKE_JOKE_OFF, {"joke_id": joke_id})


def _put(connection: sa.Connection, draw: Draw) -> Draw | None:
    fingerprints = [joke.choice.fingerprint for joke in draw.jokes]
    texts = [joke.choice.text for joke in draw.jokes]
    shelved = sa.select(shelf.c.fingerprint, shelf.c.text).where(
        shelf.c.model_version == draw.version, shelf.c.fingerprint.in_(fingerprints)
    )
    # A joke that was repeated by its seed has no fingerprint of its own.
    same = sa.or_(jokes.c.fingerprint.in_(fingerprints), jokes.c.text.in_(texts))
    reported = sa.select(jokes.c.fingerprint, jokes.c.text)
    barred = shelved.union_all(
        reported.where(jokes.c.hidden_at.is_not(None), same),
        reported.where(jokes.c.id.in_(sa.select(flags.c.joke_id)), same),
    )
    known = {word for row in connection.execute(barred) for word in row}
    kept = [joke for joke in draw.jokes if not known & {joke.choice.fingerprint, joke.choice.text}]
    if not kept:
        return None
    connection.execute(sa.insert(shelf), [_row(draw, joke, at) for at, joke in enumerate(kept)])
    return replace(draw, jokes=tuple(kept))


def _row(draw: Draw, joke: ShelvedJoke, place: int) -> dict[str, object]:
    choice = joke.choice
    return {
        "model_version": draw.version,
        "seed": draw.seed,
        "place": place,
        "recipe": draw.recipe,
        "tier": joke.tier.value,
        "text": choice.text,
        "fingerprint": choice.fingerprint,
        "tokens": choice.tokens,
        "score": choice.score,
        "features": choice.features,
    }


def _draws(connection: sa.Connection, version: str) -> list[Draw]:
    rows = connection.execute(_ON_SHELF, {"version": version}).all()
    return [
        Draw(
            version=version,
            seed=seed,
            recipe=together[0].recipe,
            jokes=tuple(_joke(row) for row in together),
        )
        for seed, group in groupby(rows, key=lambda row: row.seed)
        for together in [list(group)]
    ]


def _joke(row: sa.Row[tuple[object, ...]]) -> ShelvedJoke:
    return ShelvedJoke(
        choice=Choice(
            text=row.text,
            fingerprint=row.fingerprint,
            tokens=row.tokens,
            score=row.score,
            features=row.features,
        ),
        tier=Tier(row.tier),
    )


_IT = (shelf.c.model_version == sa.bindparam("version"), shelf.c.seed == sa.bindparam("its_seed"))
_THERE = sa.select(shelf.c.place).where(
    *_IT, shelf.c.fingerprint == sa.bindparam("its_fingerprint")
)
_TAKE_OFF = sa.delete(shelf).where(*_IT)
_ON_SHELF = (
    sa.select(shelf)
    .where(shelf.c.model_version == sa.bindparam("version"))
    .order_by(shelf.c.seed, shelf.c.place)
)
_TOLD = sa.select(jokes).where(jokes.c.id == sa.bindparam("joke_id")).subquery()
_TAKE_JOKE_OFF = sa.delete(shelf).where(
    sa.or_(
        shelf.c.fingerprint == sa.select(_TOLD.c.fingerprint).scalar_subquery(),
        shelf.c.text == sa.select(_TOLD.c.text).scalar_subquery(),
    )
)
