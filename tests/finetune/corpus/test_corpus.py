"""A prepared corpus is opened only as it was prepared."""

import json
from pathlib import Path
from typing import Any

import pytest

from finetune.corpus.corpus import open_corpus
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN, CorpusError, read_jokes
from finetune.corpus.preparation import PrepareOptions, prepare_corpus
from finetune.corpus.sources import open_source
from tests.finetune.corpus.many_jokes import many_jokes


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    jokes = tmp_path / "jokes.jsonl"
    jokes.write_text("".join(json.dumps({"joke": joke}) + "\n" for joke in many_jokes(60)))
    return prepare_corpus(
        open_source(str(jokes)),
        out=tmp_path / "corpus",
        options=PrepareOptions(tier=None, held_out=0.3, similarity=0.9),
        overwrite=False,
        progress=lambda stage, step, of: None,
    ).directory


def refusal(directory: Path) -> str:
    with pytest.raises(CorpusError) as raised:
        open_corpus(directory)
    return str(raised.value)


def change(directory: Path, **fields: Any) -> None:
    path = directory / SUMMARY
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_was_prepared_can_be_opened(directory: Path) -> None:
    corpus = open_corpus(directory)
    sides = corpus.summary["jokes"]
    assert len(list(read_jokes(corpus.train))) == sides[TRAIN] > 0
    assert len(list(read_jokes(corpus.held_out))) == sides[HELD_OUT] > 0


@pytest.mark.parametrize("name", [TRAIN, HELD_OUT])
def test_one_flipped_byte_is_noticed(directory: Path, name: str) -> None:
    content = bytearray((directory / name).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / name).write_bytes(content)
    assert f"{name} was changed" in refusal(directory)


@pytest.mark.parametrize("name", [TRAIN, HELD_OUT])
def test_a_missing_file_is_named(directory: Path, name: str) -> None:
    (directory / name).unlink()
    assert name in refusal(directory)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"schema": 1, "sha256": 7}', "{" * 9999]
)
def test_a_damaged_table_is_one_sentence(directory: Path, content: str) -> None:
    (directory / SUMMARY).write_text(content)
    assert "is damaged" in refusal(directory)


def test_a_corpus_of_another_release_is_not_guessed_at(directory: Path) -> None:
    change(directory, schema=2)
    assert "another Punchline" in refusal(directory)


def test_another_directory_is_no_corpus(tmp_path: Path) -> None:
    assert "no prepared corpus" in refusal(tmp_path)
    assert "no prepared corpus" in refusal(tmp_path / "none")
