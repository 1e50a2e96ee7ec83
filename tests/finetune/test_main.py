"""`python -m finetune` makes bases ready and says what it does, to people and to programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.bases import converted_directory
from tests.finetune.gguf_file import tiny_source, write_gguf


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tiny GGUF file."""
    return write_gguf(tmp_path / "tiny.gguf", tiny_source())


@pytest.fixture(autouse=True)
def no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program switches the bars of transformers off for its process, which is ours here."""
    monkeypatch.setenv("TQDM_DISABLE", "1")


def run(*arguments: str) -> Result:
    """The program inside this process."""
    return CliRunner().invoke(app, arguments)


def start(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program as a process of its own, cut off from every network."""
    return subprocess.run(
        [sys.executable, "-m", "finetune", *arguments],
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_reads_progress_as_json_lines_and_nothing_else(
    source: Path, tmp_path: Path
) -> None:
    ended = start("base", str(source), "--cache", str(tmp_path), "--progress", "json")
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    directory = converted_directory(str(source), cache=tmp_path)
    assert lines[-1] == {"stage": "done", "directory": str(directory)}
    assert [line["step"] for line in lines[:-1]] == [0, 1, 2, 3, 4]
    assert {line["of"] for line in lines[:-1]} == {4}


def test_a_person_sees_a_bar_and_a_pipe_gets_the_directory(source: Path, tmp_path: Path) -> None:
    result = run("base", str(source), "--cache", str(tmp_path))
    assert result.exit_code == 0
    directory = converted_directory(str(source), cache=tmp_path)
    assert result.stdout.splitlines() == [str(directory)]
    assert "ready" in result.stderr


def test_a_hub_model_without_a_network_gives_one_sentence(tmp_path: Path) -> None:
    ended = start(
        *("base", "somebody/some-model", "--cache", str(tmp_path), "--progress", "json"),
        PUNCHLINE_HUB__TOKEN="hf_s3cr3t",
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("somebody/some-model could not be downloaded")
    assert "set model.base to 'starter'" in ended.stderr
    assert "s3cr3t" not in ended.stdout + ended.stderr


def test_a_base_that_cannot_be_used_gives_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    result = run("base", "no base at all", "--cache", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("no base at all is neither 'starter'")
    assert "Traceback" not in result.stderr


def test_a_program_can_ask_what_would_be_computed_on() -> None:
    result = run("device", "--device", "cpu", "--dtype", "float32")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert {"device": "cpu", "name": "CPU", "dtype": "float32"}.items() <= answer.items()
    assert answer["threads"] >= 1
