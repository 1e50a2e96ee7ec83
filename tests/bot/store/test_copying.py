"""`punchline db copy`: everything arrives in the other database, or nothing does."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.cli import app
from bot.jokes import Community, Reason
from bot.store.copying import Copied, copy_database
from bot.store.errors import StoreError
from bot.store.location import database_url
from bot.store.port import Ballot, StoreUnavailable
from bot.store.record_port import Post
from bot.store.store import SqlStore
from bot.store.tables import metadata
from bot.store.version_port import MadeVersion, Roles, VersionState
from tests.bot.store.conftest import CHAT, GUILD, Place, ask, joke, tell
from tests.postgres import PostgresServer, connected

# Where it goes; it comes from the other kind.
DATABASES = ["sqlite", "postgresql"]
MOMENT = datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def source(database: str, postgres: PostgresServer, tmp_path: Path) -> Iterator[Place]:
    """A place of the other kind."""
    directory = tmp_path / "source"
    if database == "postgresql":
        yield Place(directory=directory)
        return
    url = postgres.new_database()
    yield Place(directory=directory, url=url)
    postgres.take_back(url)


def named(place: Place) -> Path | sa.URL:
    return database_url(place.url) or place.directory


def copied(source: Place, target: Place, *, page: int = 1_000) -> dict[str, Copied]:
    """Copy, with the key that the source has."""
    said: list[Copied] = []
    copy_database(
        named(source),
        named(target),
        key_directory=source.directory,
        say=said.append,
        page=page,
    )
    return {copied.table: copied for copied in said}


def as_in(source: Place, target: Place) -> Place:
    """The target with the key that belongs to it."""
    return target if target.url is None else replace(target, directory=source.directory)


async def filled(place: Place) -> None:
    """Put something into every table, of every kind of value."""
    store = await place.open()
    features = bytes(range(256))
    number = await store.open_request(ask(GUILD, "ann", topic="cats — 🐈", address="there"))
    told = replace(joke("Ha\u200d 'ha' \\ \"ha\"\n🎭", fingerprint="f"), features=features)
    assert await store.mark_told(number, told)
    await store.cast(number, "ann", Ballot(value=1, event=2**62))
    await store.cast(number, "bob", Ballot(value=-1))
    await store.flag(await tell(store, CHAT), "bob")
    await store.mark_declined(await store.open_request(ask(origin="event")), Reason.BUSY)
    await store.open_request(ask(seed=-(2**62)))
    post = Post(front="discord", place="1", message="2")
    await store.records.posted(await tell(store, CHAT, "cat"), post)
    await store.records.save_settings(CHAT, {"language": "de", "deep": {"list": [1, 0.1, None]}})
    await store.records.write_note("paused", "yes")
    await store.tastes.put_basis("starter", features)
    await store.model_versions.begin(parent="starter")
    await store.model_versions.add(
        MadeVersion(
            name="v1",
            parent="starter",
            state=VersionState.PASSED,
            snapshot="s",
            votes=2,
            created_at=MOMENT,
            manifest={"loss": 1 / 3},
            verdict=None,
            kept=True,
        ),
        voters={store.records.pseudonym("discord", "ann"): 2},
    )
    roles = Roles(
        origin="starter",
        champion="starter",
        challenger="v1",
        previous=None,
        trial_began=MOMENT,
        changed_at=MOMENT,
    )
    assert await store.model_versions.assume(roles, instead_of=None)
    await store.close()


async def test_every_table_arrives_whole_and_can_be_gone_on_with(
    source: Place, place: Place
) -> None:
    await filled(source)
    tables = copied(source, place)
    assert set(tables) == {table.name for table in metadata.sorted_tables}
    empty = {name for name, table in tables.items() if table.rows == 0}
    assert empty <= {"shelf"}
    assert (tables["jokes"].rows, tables["votes"].rows, tables["notes"].rows) == (5, 2, 1)
    store = await as_in(source, place).open()
    ranked = await store.top(GUILD, since=None, limit=9)
    assert [(best.id, best.up, best.down) for best in ranked] == [(1, 1, 1)]
    assert await store.records.settings(CHAT) == {
        "language": "de",
        "deep": {"list": [1, 0.1, None]},
    }
    assert (await store.stats(GUILD, "ann")).my_votes_up == 1
    assert await tell(store) == 6
    assert [orphan.joke_id for orphan in await store.orphans()] == [4]
    await store.close()


async def test_there_and_back_again_is_the_same(
    source: Place, place: Place, tmp_path: Path
) -> None:
    await filled(source)
    there = copied(source, place, page=2)
    back = Place(directory=tmp_path / "back")
    middle = replace(place, directory=source.directory) if place.url else place
    assert copied(middle, back) == there


async def test_a_target_that_holds_something_is_refused_and_stays_as_it_is(
    source: Place, place: Place
) -> None:
    await filled(source)
    mine = as_in(source, place)
    store = await mine.open() if place.url else await place.open()
    await store.records.save_settings(Community(front="discord", key="mine"), {})
    await store.close()
    with pytest.raises(StoreError, match="holds communities already; name an empty database"):
        copied(source, place)
    store = await mine.open() if place.url else await place.open()
    assert await store.versions() == []
    await store.close()


async def test_nothing_is_copied_while_a_bot_runs(source: Place, place: Place) -> None:
    store = await source.open()
    with pytest.raises(StoreError, match=r"Punchline is running on .*; stop it first"):
        copied(source, place)
    await store.close()
    copied(source, place)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{empty}", "{other}"], "There is no database at"),
        (["{source}", "{source}"], "Source and target are the same database"),
        (["postgresql://a:s3cr3t@127.0.0.1:1/x", "{other}"], "There is no member.key"),
        (["mysql://a:s3cr3t@h/x", "{other}"], "That is no URL of a database"),
        (["{source}", "postgresql://a:s3cr3t@127.0.0.1:1/x"], "The database cannot be reached"),
    ],
)
def test_what_cannot_be_copied_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "source"
    make_empty(source)
    names = {"source": source, "empty": tmp_path / "empty", "other": tmp_path / "other"}
    told = [argument.format(**names) for argument in arguments]
    result = CliRunner().invoke(app, ["db", "copy", *told])
    assert isinstance(result.exception, StoreUnavailable)
    assert sentence in str(result.exception)
    assert "s3cr3t" not in str(result.exception)


def make_empty(directory: Path) -> None:
    """Make an empty database with a key."""

    async def make() -> None:
        await (await SqlStore.open(directory=directory)).close()

    asyncio.run(make())


def test_the_command_says_what_it_has_copied(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_empty(tmp_path / "data")
    url = postgres.new_empty_database()
    monkeypatch.setenv("PUNCHLINE_STORE__URL", url.get_secret_value())
    result = CliRunner().invoke(app, ["db", "copy", "data", "store"])
    assert result.exit_code == 0, result.exception
    assert "0 rows copied, the same on both sides." in result.output
    assert CliRunner().invoke(app, ["db", "upgrade"]).exit_code == 0
    assert tables_of(url) >= {"jokes", "votes"}


def tables_of(url: SecretStr) -> set[Any]:
    with connected(url) as connection:
        return set(sa.inspect(connection).get_table_names())
