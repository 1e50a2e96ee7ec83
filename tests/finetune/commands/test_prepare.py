"""`python -m finetune prepare` for people and programs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.corpus.corpus import open_corpus
from finetune.corpus.jokes import TRAIN, read_jokes
from tests.finetune.corpus.many_jokes import many_jokes


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


@pytest.fixture
def jokes(tmp_path: Path) -> Path:
    path = tmp_path / "jokes.csv"
    rows = [f'{number},"{joke}"' for number, joke in enumerate(many_jokes(60))]
    path.write_text("\n".join(["ID,Joke", *rows, "61,Short.", "broken"]) + "\n")
    return path


def test_a_person_sees_the_table(jokes: Path, tmp_path: Path) -> None:
    result = run(jokes, "--out", tmp_path / "corpus", "--similarity", "0.9", "--tier", "none")
    assert result.exit_code == 0, result.stderr
    for expected in ("jokes.csv", "too short", "Short.", "train / held out", "frequent topics"):
        assert expected in result.stdout


def test_a_program_reads_progress_as_json_lines(jokes: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    result = run(jokes, "--out", out, "--similarity", "0.9", "--tier", "none", "--progress", "json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0] == {"stage": "preparing jokes.csv", "step": 61, "of": 0}
    summary = open_corpus(out).summary
    assert lines[-1] == {"stage": "done", "directory": str(out), "jokes": summary["jokes"]}


def test_options_are_kept_with_the_corpus(jokes: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    options = "--tier none --max-words 50 --no-english --similarity 0.95 --held-out 0 --limit 30"
    assert run(jokes, "--out", out, *options.split()).exit_code == 0
    assert open_corpus(out).summary["options"] == {
        "tier": None,
        "max_words": 50,
        "english": False,
        "similarity": 0.95,
        "held_out": 0.0,
        "limit": 30,
    }
    assert len(list(read_jokes(out / TRAIN))) == 30


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("ID,Vote\n1,2\n", "ID, Vote"),
        ("", "is empty"),
        ("ID,Joke\n1,The only joke of this file is here.\n", "Only 1 joke is left"),
        ("\x00\x01\x02", "binary"),
        ("ID,Joke\n", "no row with a joke"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, content: str, sentence: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(content)
    result = run(bad, "--out", tmp_path / "corpus", "--tier", "none")
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stderr.strip().splitlines()[-1].endswith(".")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == [bad]


def test_a_data_set_of_the_hub_without_a_network_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = run("somebody/no-such-jokes", "--out", tmp_path / "corpus")
    assert result.exit_code == 1
    assert "somebody/no-such-jokes is neither a file nor a data set" in result.stderr
    assert "Traceback" not in result.stderr
