"""`evaluate` prints and saves a table, and says in one sentence what it cannot work with."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.corpus.corpus import SCHEMA
from finetune.corpus.jokes import HELD_OUT, SUMMARY, TRAIN
from finetune.durable import sha256_of
from finetune.novelty import NOVELTY
from tests.clean_jokes import CLEAN_JOKES
from tests.tiny import tiny_jokes

FEW = ("--jokes=6", "--topics=3", "--limit=8", "--device=cpu", "--dtype=float32")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is saved by default is saved here; the program switches bars off for its process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A prepared corpus, of which the tiny version was taught the training jokes."""
    directory = tmp_path / "corpus"
    directory.mkdir()
    write_jokes(directory / TRAIN, tiny_jokes())
    write_jokes(directory / HELD_OUT, CLEAN_JOKES)
    sums = {name: sha256_of(directory / name) for name in (TRAIN, HELD_OUT)}
    (directory / SUMMARY).write_text(json.dumps({"schema": SCHEMA, "sha256": sums}))
    return directory


def write_jokes(path: Path, texts: Sequence[str]) -> Path:
    lines = [json.dumps({"text": text}) for text in texts]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    """The command inside this process."""
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_a_person_reads_a_table_and_finds_everything_in_a_file(
    tiny_version: Path, tiny_gpt2_version: Path, corpus: Path
) -> None:
    result = run(
        tiny_gpt2_version, "--data", corpus, "--against", tiny_version, *FEW, "--out", "new/e.json"
    )
    assert result.exit_code == 0, result.stderr
    assert "Held-out loss, nats per character" in result.stdout
    assert "real jokes" in result.stdout
    saved = json.loads(Path("new/e.json").read_text(encoding="utf-8"))
    version, other, real = saved["evaluations"]
    assert len(version["texts"]) == len(real["texts"]) == 6
    assert "loss_change" in version["figures"]
    assert "loss_change" not in other["figures"]
    assert version["figures"]["copied"]["value"] > real["figures"]["copied"]["value"] == 0
    assert (saved["held_out_jokes"], saved["loss_jokes"]) == (len(CLEAN_JOKES), 8)


def test_a_program_reads_json_lines_and_nothing_else(tiny_version: Path, corpus: Path) -> None:
    result = run(tiny_version, "--data", corpus, *FEW, "--progress", "json")
    assert result.exit_code == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[-1]["stage"] == "done"
    assert set(lines[-1]["figures"]) == {"tiny", "real jokes"}
    assert {"stage", "step", "of"} == set(lines[0])


def test_a_file_of_held_out_jokes_is_enough(tiny_version: Path, tmp_path: Path) -> None:
    held_out = write_jokes(tmp_path / "jokes.jsonl", CLEAN_JOKES)
    result = run(tiny_version, "--data", held_out, *FEW)
    assert result.exit_code == 0, result.stderr
    assert "Not measured: Eight words in a row from training" in result.stdout
    assert Path("evaluation.json").is_file()


def damaged_version(tiny_version: Path, tmp_path: Path) -> Path:
    version = shutil.copytree(tiny_version, tmp_path / "damaged")
    weights = version / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    return version


def refused(result: Result, sentence: str) -> None:
    """One sentence on standard error, exit code 1, and nothing written."""
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not Path("evaluation.json").exists()


def test_a_version_with_a_flipped_byte_is_refused(
    tiny_version: Path, corpus: Path, tmp_path: Path
) -> None:
    refused(run(damaged_version(tiny_version, tmp_path), "--data", corpus, *FEW), "is damaged")


def test_a_version_with_a_broken_index_is_refused(
    tiny_version: Path, corpus: Path, tmp_path: Path
) -> None:
    version = shutil.copytree(tiny_version, tmp_path / "broken")
    (version / NOVELTY).write_bytes(b"no index")
    refused(run(version, "--data", corpus, *FEW), "is no index of training jokes")


def test_what_is_no_version_is_refused_before_anything_is_measured(
    tiny_version: Path, corpus: Path
) -> None:
    result = run(tiny_version, "no version at all", "--data", corpus, *FEW)
    refused(result, "no version at all is neither")
    assert "held-out loss" not in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has 0 jokes"),
        (b'{"text": "One joke walks into a bar."}\n', "has 1 joke, "),
        (b'{"joke": "wrong"}\n', "Line 1 of"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "cannot be read (it is not UTF-8 text)"),
    ],
)
def test_held_out_jokes_that_are_none_are_refused(
    tiny_version: Path, tmp_path: Path, content: bytes, sentence: str
) -> None:
    held_out = tmp_path / "jokes.jsonl"
    held_out.write_bytes(content)
    refused(run(tiny_version, "--data", held_out, *FEW), sentence)


def test_a_directory_that_is_no_corpus_is_refused(tiny_version: Path, tmp_path: Path) -> None:
    refused(run(tiny_version, "--data", tmp_path, *FEW), "is no prepared corpus")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    tiny_version: Path, corpus: Path
) -> None:
    result = run(tiny_version, "--data", corpus, *FEW, "--out", corpus)
    refused(result, "The disk refused: Is a directory")
    assert "held-out loss" not in result.stderr
