"""Every kind of source gives its jokes; broken rows are counted, broken files are a sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.corpus.jokes import CorpusError
from finetune.corpus.sources import RawJoke, open_source

ONE = RawJoke("The first joke.")
TWO = RawJoke("The second, which has a comma.")
RATED = RawJoke("The first joke.", 3.5)


def rows(source: Path | str) -> list[RawJoke | None]:
    return [row for opened in open_source(str(source)) for row in opened.rows()]


def refusal(source: Path | str) -> str:
    with pytest.raises(CorpusError) as raised:
        rows(source)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize("column", ["Joke", "text", "BODY", " joke "])
def test_a_csv_file_has_its_jokes_under_one_of_three_names(write: Write, column: str) -> None:
    path = write("jokes.csv", f'ID,{column}\n1,The first joke.\n2,"{TWO.text}"\n')
    assert rows(path) == [ONE, TWO]


def test_rows_of_a_csv_file_that_do_not_fit_are_broken(write: Write) -> None:
    path = write("jokes.csv", "ID,Joke\n1,The first joke.\n2,one,many\n3\n\n4,The first joke.\n")
    assert rows(path) == [ONE, None, None, ONE]


def test_a_joke_may_have_a_book_as_its_neighbour(write: Write) -> None:
    path = write("jokes.csv", f"ID,Joke\n1,{'long ' * 50_000}\n2,The first joke.\n")
    assert rows(path)[1:] == [ONE]
    path = write("longer.csv", f"ID,Joke\n1,{'long ' * 500_000}\n2,The first joke.\n")
    assert rows(path) == [None, ONE]


def test_other_columns_are_named_in_the_sentence(write: Write) -> None:
    sentence = refusal(write("votes.csv", "id,member,value\n1,2,3\n"))
    assert "id, member, value" in sentence
    assert "joke, text, body" in sentence


def test_encodings_are_mixed_in_old_files(write: Write) -> None:
    text = "\ufeffID,Joke\n1,The café joke.\n".encode() + b"2,The caf\xe9 \x93joke\x94.\n"
    assert rows(write("old.csv", text)) == [
        RawJoke("The café joke."),
        RawJoke("The café “joke”."),
    ]
    assert rows(write("wide.csv", "ID,Joke\n1,The café joke.\n".encode("utf-16"))) == [
        RawJoke("The café joke.")
    ]


@pytest.mark.parametrize("name", ["jokes.csv", "jokes.json", "jokes.jsonl"])
@pytest.mark.parametrize("content", [b"", b"  \n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
def test_an_empty_or_binary_file_is_one_sentence(write: Write, name: str, content: bytes) -> None:
    assert name in refusal(write(name, content))


def test_an_array_of_objects_is_read(write: Write) -> None:
    listed = [{"body": ONE.text, "rating": 3.5, "id": 1}, {"body": TWO.text, "category": "Commas"}]
    assert rows(write("jokes.json", json.dumps(listed, indent=1))) == [RATED, TWO]


def test_lines_of_objects_are_read(write: Write) -> None:
    lines = (
        '{"text": "The first joke.", "score": "3.5"}\n\n{broken\n[1]\n{"joke": 7}\n{"Text": "x"}'
    )
    expected = [RATED, None, None, None, RawJoke("x")]
    assert rows(write("jokes.jsonl", lines)) == expected
    assert rows(write("jokes.json", lines)) == expected


def test_broken_members_of_an_array_are_passed_over(write: Write) -> None:
    member = json.dumps({"body": ONE.text})
    text = f'[{member}, {{"body": "broken}}, {member},\n{{"body": }}, {member}, 7, {member}, {{"bo'
    found = rows(write("jokes.json", text))
    assert found.count(ONE) >= 3
    assert found.count(None) >= 3
    assert found[-1] is None


def test_a_long_array_is_read_to_its_end(write: Write) -> None:
    listed = [{"body": f"The joke of number {number}. " * 9} for number in range(2000)]
    found = rows(write("jokes.json", json.dumps(listed)))
    assert [joke.text for joke in found if joke] == [each["body"] for each in listed]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=8),
    st.booleans(),
)
def test_json_gives_back_every_text(tmp_path: Path, texts: list[str], plain: bool) -> None:
    path = tmp_path / "any.json"
    listed = [{"joke": text} for text in texts]
    path.write_text(json.dumps(listed, ensure_ascii=plain), encoding="utf-8")
    assert rows(path) == [RawJoke(text) for text in texts]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"title": "Why the ladder?", "body": "It was high."}, "Why the ladder? It was high."),
        ({"title": "Why the ladder", "body": "It was high."}, "Why the ladder? It was high."),
        ({"title": "I bought a ladder", "body": "It is high."}, "I bought a ladder. It is high."),
        ({"title": "I bought a", "body": "ladder."}, "I bought a ladder."),
        ({"title": "I bought a...", "body": "...ladder."}, "I bought a ladder."),
        ({"title": "Why the ladder?", "body": "Why the ladder? High."}, "Why the ladder? High."),
        ({"title": "A whole joke, no more.", "body": "A whole joke"}, "A whole joke, no more."),
        ({"title": "A whole joke.", "body": ""}, "A whole joke."),
        ({"title": "", "body": "A whole joke."}, "A whole joke."),
        ({"title": None, "body": "A whole joke."}, "A whole joke."),
        ({"title": "Ladders", "category": "Tools", "body": "It was high."}, "It was high."),
    ],
)
def test_title_and_body_become_one_joke(
    write: Write, row: dict[str, str | None], text: str
) -> None:
    assert rows(write("jokes.json", json.dumps([row]))) == [RawJoke(text)]


@pytest.mark.parametrize("rating", ["much", "nan", "1e999", True, None, [3]])
def test_a_rating_that_is_no_number_is_none(write: Write, rating: object) -> None:
    path = write("jokes.json", json.dumps([{"body": ONE.text, "rating": rating}]))
    assert rows(path) == [ONE]


def test_json_of_another_shape_is_one_sentence(write: Write) -> None:
    assert "begins with" in refusal(write("jokes.json", "The first joke.\n"))


def table() -> Dataset:
    return Dataset.from_dict({"id": [1, 2], "joke": [ONE.text, None], "score": [3.5, 0.0]})


def test_parquet_is_read(tmp_path: Path) -> None:
    table().to_parquet(str(tmp_path / "jokes.parquet"))
    assert rows(tmp_path / "jokes.parquet") == [RATED, None]


def test_parquet_without_jokes_or_broken_is_one_sentence(tmp_path: Path, write: Write) -> None:
    table().remove_columns("joke").to_parquet(str(tmp_path / "votes.parquet"))
    assert "id, score" in refusal(tmp_path / "votes.parquet")
    refusal(write("broken.parquet", b"PAR1 this is no parquet PAR1"))


def test_saved_data_sets_are_read_with_all_their_splits(tmp_path: Path) -> None:
    table().save_to_disk(tmp_path / "one")
    DatasetDict({"train": table(), "test": table()}).save_to_disk(tmp_path / "two")
    assert rows(tmp_path / "one") == [RATED, None]
    assert rows(tmp_path / "two") == [RATED, None, RATED, None]


def test_a_damaged_data_set_is_one_sentence(tmp_path: Path) -> None:
    table().save_to_disk(tmp_path / "set")
    next((tmp_path / "set").glob("*.arrow")).write_bytes(b"damaged")
    refusal(tmp_path / "set")


def test_a_directory_stands_for_its_files_in_order(tmp_path: Path, write: Write) -> None:
    (tmp_path / "data").mkdir()
    write("data/b.jsonl", json.dumps({"joke": TWO.text}))
    write("data/a.csv", "joke\nThe first joke.\n")
    write("data/README.md", "No jokes here.")
    assert rows(tmp_path / "data") == [ONE, TWO]


def test_what_is_not_there_or_unknown_is_one_sentence(tmp_path: Path, write: Write) -> None:
    assert "does not exist" in refusal(tmp_path / "none.csv")
    assert "does not exist" in refusal("/no/such/directory")
    assert "no known kind" in refusal(write("jokes.docx", "jokes"))
    assert "no file of a known kind" in refusal(tmp_path)
