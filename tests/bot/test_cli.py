"""What the command line understands, and what it says to what it does not."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import main
from bot.cli import app

COMMANDS = ("chat", "tell", "run", "attach", "doctor", "backup", "restore", "votes", "db")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the repository."""
    monkeypatch.chdir(tmp_path)


def ended_with(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code of `punchline` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["punchline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_without_a_command_the_help_names_every_command() -> None:
    result = CliRunner().invoke(app, [])
    assert all(f" {command} " in result.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert command in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["tell", "-n", "0"],
        ["tell", "-n", "many"],
        ["tell", "--seed", "-1"],
        ["tell", "--abuot", "cats"],
        ["sing"],
        ["backup"],
        ["restore"],
        ["votes", "export", "--format", "xml"],
        ["votes", "import"],
        ["db", "copy", "data"],
        ["chat", "cats"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_refused_before_anything_starts(
    arguments: list[str],
) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [*COMMANDS[:5], "backup copy.db", "restore copy.db"])
def test_a_configuration_that_cannot_be_used_ends_every_command_with_78_and_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("config.toml").write_text("[queue]\ncapacity = 0\n", encoding="utf-8")
    assert ended_with(command.split(), monkeypatch) == 78
    output = capsys.readouterr()
    assert output.out == ""
    (sentence,) = output.err.splitlines()
    assert "config.toml" in sentence
    assert "queue.capacity" in sentence


def test_a_configuration_file_that_is_named_is_the_one_that_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.toml").write_text("[queue]\ncapactiy = 64\n", encoding="utf-8")
    assert ended_with(["--config", "other.toml", "chat"], monkeypatch) == 78
    assert "other.toml" in capsys.readouterr().err


def test_a_closed_stream_leads_nowhere_and_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert ended_with(["--help"], monkeypatch) == 0
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        assert stream is not None
        stream.close()


@pytest.mark.parametrize(("command", "program"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_a_database_on_postgresql_is_saved_by_its_own_program(
    command: str, program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUNCHLINE_STORE__URL", "postgresql://ann:s3cr3t@127.0.0.1:1/jokes")
    assert ended_with([command, "copy.db"], monkeypatch) == 1
    said = capsys.readouterr().err
    assert f"The database is on PostgreSQL, which has a program for that: {program};" in said
    assert "s3cr3t" not in said
    assert len(said.splitlines()) == 1
