"""`report` writes the page of a version again, and refuses what it cannot read."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from finetune.artifacts import Manifest, verify, write_version
from finetune.commands.report import report
from finetune.report import TRAINING, write_report
from tests.finetune.report.contents import content

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(report)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def version(tmp_path: Path) -> Path:
    def fill(directory: Path) -> None:
        (directory / TRAINING).write_text(json.dumps(content().to_json()))

    manifest = Manifest(version="funny-7", base="starter", template={"kind": "plain"})
    return write_version(directory=tmp_path / "models" / "funny", manifest=manifest, fill=fill)[0]


def test_the_page_is_the_one_the_version_was_made_with(version: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first.html", tmp_path / "again.html"
    write_report(first, content())
    result = run(version, "--out", again)
    assert (result.exit_code, result.stdout) == (0, f"{again}\n")
    assert again.read_bytes() == first.read_bytes()
    verify(version)


def test_without_out_the_page_is_named_after_the_version(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(version).exit_code == 0
    assert (tmp_path / "funny-7-report.html").is_file()


def refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 1
    assert result.stdout == ""
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_version_is_never_written_into(version: Path) -> None:
    refused(run(version, "--out", version / "report.html"), "stays as it was made")
    verify(version)


def test_a_directory_is_no_page(version: Path, tmp_path: Path) -> None:
    refused(run(version, "--out", tmp_path), "is a directory")


def test_what_is_no_version_is_refused(tmp_path: Path) -> None:
    refused(run(tmp_path / "nowhere", "--out", tmp_path / "page.html"), "has no punchline.json")


@pytest.mark.parametrize("damage", ["{", "{}"])
def test_a_damaged_version_is_refused_and_nothing_written(
    version: Path, tmp_path: Path, damage: str
) -> None:
    (version / TRAINING).write_text(damage)
    refused(run(version, "--out", tmp_path / "page.html"), f"{TRAINING} is damaged")
    assert not (tmp_path / "page.html").exists()


def test_a_converted_base_has_no_report(version: Path, tmp_path: Path) -> None:
    base = shutil.copytree(version, tmp_path / "base")
    (base / TRAINING).unlink()
    refused(run(base, "--out", tmp_path / "page.html"), "nothing to report")
