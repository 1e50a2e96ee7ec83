"""A database from before the chats is brought up to date, and nothing in it is lost."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import bot.store
from bot.jokes import Community, Reason
from bot.store.directory import DATABASE
from bot.store.identity import KEY_FILE, MemberHasher
from bot.store.port import Ballot, RankedJoke, Stats, Tally, UnknownJoke
from bot.store.record_port import Post
from bot.store.store import SqlStore
from tests.bot.store.conftest import ask, joke, would_tell

KEY = bytes(range(32))
HERE = Community(front="terminal", key="here")
THERE = Community(front="terminal", key="there")
MOMENT = "2024-02-29 12:00:00.000000"
MIGRATIONS = Path(bot.store.__file__).parent / "migrations"


def migrate(path: Path, revision: str) -> None:
    """Apply the migrations up to this one."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), poolclass=sa.NullPool)
    with engine.begin() as connection:
        configuration = Config()
        configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)
    engine.dispose()


def member(name: str) -> str:
    return MemberHasher(key=KEY).hash("terminal", name)


def joke_row(number: int, *, community: int, **changes: object) -> dict[str, object]:
    """A row of `jokes` as migration 0001 has it."""
    told = {
        "id": number,
        "community_id": community,
        "member": member("ann"),
        "state": "told",
        "topic": "cats",
        "operator": 0,
        "asked_at": MOMENT,
        "told_at": MOMENT,
        "text": f"Joke {number}.",
        "fingerprint": f"f{number}",
        "model_version": "starter",
        "sampling": '{"seed": 7}',
        "score": -1.5,
        "tokens": 12,
        "seconds": 0.25,
    }
    return {**told, **changes}


UNTOLD = dict.fromkeys(
    ("told_at", "text", "fingerprint", "model_version", "sampling", "score", "tokens", "seconds")
)


@pytest.fixture
def old_directory(directory: Path) -> Path:
    """What the first Punchline left behind."""
    directory.mkdir()
    (directory / KEY_FILE).write_text(KEY.hex() + "\n", encoding="ascii")
    (directory / KEY_FILE).chmod(0o600)
    path = directory / DATABASE
    migrate(path, "0001")
    rows = [
        joke_row(1, community=1),
        joke_row(2, community=2, fingerprint="f1", member=None),
        joke_row(
            3, community=1, **{**UNTOLD, "state": "pending", "owner": "f" * 32, "address": "a"}
        ),
        joke_row(4, community=1, **{**UNTOLD, "state": "declined", "reason": Reason.BUSY.value}),
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO communities VALUES (?, 'terminal', ?, ?, ?)",
            [(1, "here", '{"language": "de"}', MOMENT), (2, "there", "{}", MOMENT)],
        )
        for row in rows:
            names = ", ".join(row)
            places = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO jokes ({names}) VALUES ({places})", row)  # noqa: S608
        connection.executemany(
            "INSERT INTO votes (joke_id, member, value, voted_at) VALUES (?, ?, ?, ?)",
            [
                (1, member("ann"), 1, MOMENT),
                (1, member("bob"), -1, MOMENT),
                (1, member("cat"), 0, MOMENT),
                (2, member("ann"), 1, MOMENT),
            ],
        )
        connection.execute("INSERT INTO flags VALUES (2, ?, ?)", (member("bob"), MOMENT))
    return directory


def contents(directory: Path) -> dict[str, set[tuple[object, ...]]]:
    """Every row, in the columns that migration 0001 made."""
    tables = {
        "communities": "*",
        "jokes": "id, community_id, member, state, reason, owner, address, topic, opening, seed,"
        " operator, asked_at, told_at, text, fingerprint, model_version, sampling, score, tokens,"
        " seconds",
        "votes": "joke_id, member, value, voted_at",
        "flags": "*",
    }
    with closing(sqlite3.connect(directory / DATABASE)) as connection:
        return {
            table: set(connection.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608
            for table, columns in tables.items()
        }


async def test_every_row_is_still_there_as_it_was(old_directory: Path) -> None:
    before = contents(old_directory)
    assert [len(rows) for rows in before.values()] == [2, 4, 4, 1]
    await (await SqlStore.open(directory=old_directory)).close()
    assert contents(old_directory) == before


async def test_what_was_told_and_voted_can_be_asked_for_as_ever(old_directory: Path) -> None:
    store = await SqlStore.open(directory=old_directory)
    assert await store.top(HERE, since=None, limit=9) == [
        RankedJoke(id=1, text="Joke 1.", up=1, down=1)
    ]
    assert await store.tally(2) == Tally(up=1, down=0, flags=1)
    assert await store.stats(HERE, "ann") == Stats(
        jokes=1, votes_up=1, votes_down=1, flags=0, my_jokes=1, my_votes_up=1, my_votes_down=0
    )
    assert not await would_tell(store, HERE, "f1")
    assert await store.records.settings(HERE) == {"language": "de"}
    (version,) = await store.versions()
    assert (version.jokes, version.last_told) == (2, datetime(2024, 2, 29, 12, tzinfo=UTC))
    await store.close()


async def test_an_old_joke_is_not_hidden_and_can_be_voted_on_hidden_and_posted(
    old_directory: Path,
) -> None:
    store = await SqlStore.open(directory=old_directory)
    voted = await store.cast(1, "bob", Ballot(value=1, event=5))
    assert voted.tally == Tally(up=2, down=0, flags=0)
    post = Post(front="terminal", place="here", message="1")
    await store.records.posted(1, post)
    assert await store.records.joke_at(post) == 1
    assert not (await store.shown(1)).hidden
    assert await store.hide(1)
    await store.close()


async def test_whoever_waited_then_is_still_owed_an_answer(old_directory: Path) -> None:
    store = await SqlStore.open(directory=old_directory)
    (orphan,) = await store.orphans()
    assert (orphan.joke_id, orphan.request.address) == (3, "a")
    assert await store.mark_told(3, joke(fingerprint="new"))
    with pytest.raises(UnknownJoke):
        await store.tally(4)
    assert await store.undelivered() == []
    assert await store.open_request(ask(THERE, origin="event 1")) == 5
    await store.close()


async def test_to_upgrade_twice_changes_nothing_more(old_directory: Path) -> None:
    for _ in range(2):
        await (await SqlStore.open(directory=old_directory)).close()
    with closing(sqlite3.connect(old_directory / DATABASE)) as connection:
        assert len(list(connection.execute("SELECT * FROM alembic_version"))) == 1
        assert list(connection.execute("PRAGMA foreign_key_check")) == []
        assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
