"""`sample` shows what a model writes, with a template and without."""

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from finetune.commands.sample import sample

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(sample)


@pytest.fixture
def version(tiny_version: Path, tmp_path: Path) -> Path:
    """A copy of the tiny version that may be damaged."""
    return shutil.copytree(tiny_version, tmp_path / "tiny")


def run(base: str | Path, *arguments: str) -> Result:
    place = ("--device", "cpu", "--dtype", "float32")
    return CliRunner().invoke(app, ["--base", str(base), *place, *arguments])


def refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 1
    assert result.stdout == ""
    assert sentence in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_it_continues_three_famous_beginnings(version: Path) -> None:
    result = run(version, "--tokens", "4")
    assert result.exit_code == 0, result.stderr
    shown = result.stdout.split("\n\n")
    assert "Agent Smith" in shown[0]
    assert any(part.startswith("Artificial general intelligence is") for part in shown)
    assert "an offer he can't refuse" in result.stdout


def test_it_continues_texts_of_ones_own_the_same_for_a_seed(version: Path) -> None:
    options = ("--prompt", "JOKE: Why did", "--prompt", "JOKE: What", "--tokens", "12")
    first, again = (run(version, *options, "--seed", "3") for _ in range(2))
    assert first.stdout == again.stdout
    assert first.stdout.startswith("JOKE: Why did")
    assert "\n\nJOKE: What" in first.stdout
    assert first.stdout.endswith("\n")


def test_it_tells_jokes_about_a_topic_with_the_template_of_the_version(version: Path) -> None:
    result = run(version, "--jokes", "9", "--topic", "cat", "--temperature", "0.3")
    assert result.exit_code == 0, result.stderr
    jokes = result.stdout.splitlines()
    assert len(jokes) == 9
    assert all(joke.startswith("• ") for joke in jokes)
    assert sum("cat" in joke for joke in jokes) >= 5
    assert "JOKE:" not in result.stdout


def test_a_plain_base_tells_jokes_too(version: Path) -> None:
    (version / "punchline.json").unlink()
    result = run(version, "--jokes", "1", "--tokens", "8")
    assert result.exit_code == 0, result.stderr


def test_options_that_do_not_go_together_are_refused(version: Path) -> None:
    refused(run(version, "--topic", "cats"), "say how many with --jokes")
    refused(run(version, "--jokes", "2", "--prompt", "Once"), "either --prompt or --jokes")


def test_a_topic_or_a_text_that_is_too_long_is_refused(version: Path) -> None:
    refused(run(version, "--jokes", "1", "--topic", "cat " * 99), "The topic is too long")
    result = run(version, "--prompt", "cat " * 999)
    assert result.exit_code == 1
    assert "reads 512 at most" in result.stderr.splitlines()[-1]


def test_an_unknown_base_is_refused(tmp_path: Path) -> None:
    refused(run("nonsense"), "nonsense is neither 'starter'")


def test_a_base_without_weights_is_refused(version: Path) -> None:
    (version / "punchline.json").unlink()
    (version / "model.safetensors").unlink()
    refused(run(version), "holds no safetensors weights")


def test_a_damaged_version_is_refused(version: Path) -> None:
    weights = version / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    refused(run(version), "is damaged")
