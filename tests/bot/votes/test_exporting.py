"""What is written for others says nothing about who voted, and comes back whole."""

import csv
import io
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jokes import Community
from bot.settings import LearningSettings
from bot.store.port import Store
from bot.votes.choosing import choose
from bot.votes.exporting import Format, exported
from bot.votes.importing import VotesFileError, read_votes
from bot.votes.rows import ImportCounts, VoteRow
from tests.bot.votes.material import START, crowd, vote
from tests.twins.store import MemoryStore

RULES = LearningSettings(flood_votes=20)
LATE = 10 * 24 * 60.0


def export(rows: list[VoteRow], format: Format, source: str = "one") -> bytes:
    return exported(choose(rows, RULES), format=format, rules=RULES, source=source)


def table(rows: list[VoteRow]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export(rows, Format.CSV).decode(), newline="")))


def written(directory: Path, rows: list[VoteRow], format: Format, source: str = "one") -> Path:
    ending = "csv" if format is Format.CSV else "jsonl"
    path = directory / f"{source}.{ending}"
    path.write_bytes(export(rows, format, source))
    return path


async def votes_of(store: Store) -> list[tuple[str, str | None, str | None, int]]:
    return sorted([(row.text, row.topic, row.opening, row.value) async for row in store.votes()])


SOME = [
    vote(1, "ann", 1, topic="cats", text='Cats, "dogs"\nand more.'),
    vote(1, "bob", -1, topic="cats", text='Cats, "dogs"\nand more.'),
    vote(1, "cat", -1, topic="cats", text='Cats, "dogs"\nand more.'),
    vote(2, "ann", 1, opening="Why", text="Why not?"),
]


def test_members_and_communities_are_numbers_in_a_table() -> None:
    secret = Community(front="telegram", key="4711")
    rows = [vote(1, "hash-b", minutes=2), vote(2, "hash-a", minutes=1, community=secret)]
    rows.append(vote(3, "hash-a", -1, minutes=3, community=secret))
    found = [(row["member"], row["community"], row["vote"]) for row in table(rows)]
    assert found == [("m1", "c1", "1"), ("m2", "c2", "1"), ("m1", "c1", "-1")]
    for format in Format:
        content = export(rows, format)
        assert b"hash" not in content
        assert b"4711" not in content


def test_csv_and_parquet_hold_the_same() -> None:
    parquet = pyarrow.parquet.read_table(pyarrow.BufferReader(export(SOME, Format.PARQUET)))
    as_text = [{name: str(cell) for name, cell in row.items()} for row in parquet.to_pylist()]
    assert as_text == table(SOME)
    assert len(as_text) == 4


def test_floods_are_in_tables_only_and_hidden_jokes_nowhere() -> None:
    flood = [vote(5, f"new{number}", minutes=LATE + number / 10) for number in range(25)]
    rows = [*crowd(), *flood, vote(99, withheld=True)]
    found = table(rows)
    assert len(found) == 325
    assert sum(row["weight"] == "0.0" for row in found) == 25
    lines = [json.loads(line) for line in export(rows, Format.KTO).splitlines()]
    assert len(lines) == 300
    assert {tuple(line) for line in lines} == {
        ("prompt", "completion", "label", "weight", "joke_id", "model_version", "told_at")
    }


def test_pairs_are_made_of_jokes_on_one_topic() -> None:
    rows = [vote(1, topic="cats"), vote(2, value=-1, topic="cats"), vote(3, value=-1)]
    (line,) = export(rows, Format.DPO).splitlines()
    assert json.loads(line)["rejected_id"] == 2


@pytest.mark.parametrize("format", list(Format))
def test_without_votes_the_file_holds_none(format: Format) -> None:
    content = export([], format)
    if format is Format.PARQUET:
        assert pyarrow.parquet.read_table(pyarrow.BufferReader(content)).num_rows == 0
    else:
        assert len(content.splitlines()) == int(format is Format.CSV)


@pytest.mark.parametrize("format", [Format.KTO, Format.CSV])
async def test_what_was_exported_comes_in_once(tmp_path: Path, format: Format) -> None:
    store = MemoryStore()
    jokes = read_votes(written(tmp_path, SOME, format))
    assert await store.import_votes(jokes) == ImportCounts(jokes=2, votes=4)
    assert await store.import_votes(jokes) == ImportCounts()
    assert await votes_of(store) == sorted(
        (row.text, row.topic, row.opening, row.value) for row in SOME
    )


async def test_a_joke_of_both_formats_is_one_joke(tmp_path: Path) -> None:
    store = MemoryStore()
    await store.import_votes(read_votes(written(tmp_path, SOME, Format.KTO)))
    counts = await store.import_votes(read_votes(written(tmp_path, SOME, Format.CSV)))
    assert counts.jokes == 0
    assert len(await votes_of(store)) == 4


async def test_the_first_members_of_two_instances_are_two_people(tmp_path: Path) -> None:
    store = MemoryStore()
    for number, source in enumerate(("one", "two"), start=1):
        await store.import_votes(
            read_votes(written(tmp_path, [vote(number)], Format.CSV, source=source))
        )
    assert len({row.member async for row in store.votes()}) == 2


async def test_one_member_stays_one_across_the_jokes_of_a_table(tmp_path: Path) -> None:
    store = MemoryStore()
    await store.import_votes(
        read_votes(written(tmp_path, [vote(1), vote(2), vote(3, "bob")], Format.CSV))
    )
    assert len({row.member async for row in store.votes()}) == 2


words = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8)
sentences = st.lists(words, min_size=1, max_size=4).map(" ".join)


@given(st.none() | sentences, st.none() | sentences, sentences, st.sampled_from([1, -1]))
def test_any_joke_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    topic: str | None,
    opening: str | None,
    ending: str,
    value: int,
) -> None:
    text = ending if opening is None else f"{opening} {ending}"
    row = vote(1, value=value, topic=topic, opening=opening, text=text)
    for format in (Format.KTO, Format.CSV):
        (joke,) = read_votes(written(tmp_path_factory.mktemp("any"), [row], format))
        assert joke.text == text
        assert joke.told_at == START
        assert [one.value for one in joke.votes] == [value]


GOOD = (
    '{"prompt": "JOKE:", "completion": " Ha.", "label": true, "weight": 1.0, "joke_id": 1,'
    ' "model_version": "starter", "told_at": "2024-02-29T12:00:00+00:00"}\n'
)
HEAD = "source,member,vote,voted_at,topic,opening,text,model_version,told_at\n"
ROW = "one,m1,1,2024-02-29T12:00:00+00:00,,,Ha.,starter,2024-02-29T12:00:00+00:00\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("votes.txt", "", "is neither .jsonl nor .csv"),
        ("votes.jsonl", GOOD + "{", "line 2: Expecting property name"),
        ("votes.jsonl", GOOD + "[1]\n", "line 2: it is no line of format kto"),
        ("votes.jsonl", '{"prompt": 1}', "line 1: it is no line of format kto"),
        ("votes.jsonl", GOOD.replace("true", "1"), "line 1: a value is of the wrong kind"),
        ("votes.jsonl", GOOD.replace("JOKE:", "joke"), "line 1: 'joke' is not made by"),
        ("votes.jsonl", GOOD.replace("+00:00", ""), "line 1: a time has no zone"),
        ("votes.jsonl", GOOD.replace("2024-02-29", "soon"), "line 1: Invalid isoformat"),
        ("votes.jsonl", GOOD.replace(" Ha.", "  "), "line 1: a text is empty"),
        ("votes.jsonl", GOOD.replace("Ha", "Ha" * 9000), "line 1: a text has more than 10000"),
        ("votes.jsonl", "[" * 100_000, "line 1: "),
        ("votes.csv", "", "has no column member"),
        ("votes.csv", "a,b\n1,2\n", "has no column member"),
        ("votes.csv", HEAD + ROW + "one,m1\n", "line 3: it has too few columns"),
        ("votes.csv", HEAD + ROW.replace("m1,1", "m1,2"), "line 2: a vote is 1 or -1"),
        ("votes.csv", HEAD + '"', "is not a table in CSV"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(VotesFileError) as refused:
        read_votes(path)
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert str(refused.value).endswith(".")


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VotesFileError, match="No such file"):
        read_votes(tmp_path / "none.csv")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(VotesFileError, match="not UTF-8"):
        read_votes(tmp_path / "bytes.jsonl")
