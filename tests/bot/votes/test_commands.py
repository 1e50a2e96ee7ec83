"""`punchline votes` as people use it: a process, a database, files."""

import asyncio
import csv
import json
from pathlib import Path

import pytest

from bot.store.store import SqlStore
from tests.bot.program import Program
from tests.bot.store.conftest import ask, joke


async def fill(directory: Path) -> None:
    """Three members vote on four jokes about cats; one of the jokes is hidden."""
    store = await SqlStore.open(directory=directory)
    try:
        for number in range(4):
            joke_id = await store.open_request(ask(topic="cats"))
            assert await store.mark_told(joke_id, joke(f"Cat joke number {number}."))
            for member in ("ann", "bob", "cat"):
                await store.vote(joke_id, member, 1 if number % 2 else -1)
        await store.hide(joke_id)
    finally:
        await store.close()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """An instance with votes; its model is never looked at."""
    program = Program(tmp_path_factory.mktemp("votes"), model=Path("none"))
    asyncio.run(fill(program.data))
    return program


def test_the_summary_says_what_is_there_and_what_is_missing(program: Program) -> None:
    done = program.call("votes", "summary", PUNCHLINE_LEARNING__MINIMUM_VOTES="50")
    assert (done.code, done.err) == (0, "")
    lines = dict(line.split(": ", 1) for line in done.out.splitlines())
    assert lines["votes"] == "9, 3 up and 6 down"
    assert lines["jokes voted on"] == "3"
    assert lines["members who voted"] == "3"
    assert lines["heaviest member"] == "33.3% of all votes, 33.3% of the weight"
    assert lines["set aside, hidden or found offensive"] == "3 votes"
    assert lines["to learn from"] == (
        "There are 9 votes to learn from; needed: at least 41 more votes."
    )


def test_votes_are_exported_to_standard_output_as_a_trainer_reads_them(program: Program) -> None:
    done = program.call("votes", "export")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["label"] for line in lines] == [False] * 3 + [True] * 3 + [False] * 3
    assert lines[0]["prompt"] == "TOPIC: cats\nJOKE:"
    assert done.err == (
        "9 votes. 3 votes on jokes that were hidden or found offensive left out;"
        " 0 votes of floods left out.\n"
    )


def test_votes_travel_from_one_instance_to_another_once(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    assert program.call("votes", "export", "--format", "csv", "--out", str(file)).code == 0
    other = Program(tmp_path / "other", model=Path("none"))
    answers = [other.call("votes", "import", str(file)).out for _ in range(2)]
    assert answers == [
        "3 new jokes, 9 votes added or changed; 0 jokes told here left alone.\n",
        "0 new jokes, 0 votes added or changed; 0 jokes told here left alone.\n",
    ]
    assert other.rows("SELECT sum(value), count(*) FROM votes") == [(-3, 9)]
    assert "votes: 9, 3 up and 6 down" in other.call("votes", "summary").out
    back = tmp_path / "back.csv"
    assert other.call("votes", "export", "--format", "csv", "--out", str(back)).code == 0
    with back.open(encoding="utf-8", newline="") as rows:
        assert {row["member"] for row in csv.DictReader(rows)} == {"m1", "m2", "m3"}
    assert program.call("votes", "import", str(back)).out == (
        "0 new jokes, 0 votes added or changed; 3 jokes told here left alone.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "none.csv"), "none.csv cannot be read: No such file or directory."),
        (("import", "votes.parquet"), "votes.parquet is neither .jsonl nor .csv"),
        (("export", "--out", "/proc/none/votes.jsonl"), "/proc/none/votes.jsonl cannot be written"),
    ],
    ids=["absent", "format", "place"],
)
def test_what_goes_wrong_is_said_in_one_sentence(
    program: Program, arguments: tuple[str, ...], sentence: str
) -> None:
    done = program.call("votes", *arguments)
    assert done.code == 1
    assert done.err.startswith(sentence)
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_what_the_database_cannot_hold_is_refused_whole(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    sound = program.call("votes", "export").out
    file.write_text(
        f"{sound}\n{sound.replace('Cat joke', 'Cat' + chr(92) + 'u0000 joke')}", "utf-8"
    )
    other = Program(tmp_path / "other", model=Path("none"))
    done = other.call("votes", "import", str(file))
    assert done.code == 1
    assert done.err == f"{file}: Text with NUL characters or lone surrogates cannot be stored.\n"
    assert other.rows("SELECT count(*) FROM votes") == [(0,)]
