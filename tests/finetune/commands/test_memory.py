"""`memory` prints what a run needs and where it fits."""

import re
import shutil
from pathlib import Path

import pytest
import typer
from transformers import GPT2Config
from typer.testing import CliRunner, Result

from finetune.commands.memory import memory

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(memory)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def row(result: Result, name: str) -> list[str]:
    """The cells of the row that begins with this name."""
    rows = [
        [cell.strip() for cell in line.strip("│ ").split("│")]
        for line in result.stdout.splitlines()
    ]
    return next(cells[1:] for cells in rows if cells[0].startswith(name))


@pytest.fixture
def base(tiny_version: Path, tmp_path: Path) -> Path:
    """A base without weights."""
    directory = tmp_path / "base"
    directory.mkdir()
    shutil.copy(tiny_version / "config.json", directory)
    return directory


def test_it_says_which_cards_are_large_enough(tmp_path: Path) -> None:
    result = run(
        *("--base", "openai-community/gpt2-large", "--method", "full", "--device", "cpu"),
        *("--batch", "1", "--length", "64", "--cache", tmp_path),
    )
    assert result.exit_code == 0, result.stderr
    parts = ("weights", "gradients", "optimizer", "activations", "logits")
    for column in range(2):
        total = sum(float(row(result, part)[column]) for part in parts)
        assert total == pytest.approx(float(row(result, "total")[column]), abs=0.04)
    assert row(result, "weights")[0] == "2.88"
    assert row(result, "a card of 8 GB") == ["no", "no"]
    assert row(result, "a card of 24 GB") == ["fits", "fits"]
    assert len(row(result, "this machine's memory")) == 2
    assert "774,030,080 are trained" in " ".join(result.stdout.split())
    assert "Measured" not in result.stdout


def test_the_estimate_lies_near_what_two_real_steps_take(base: Path) -> None:
    GPT2Config(n_embd=256, n_layer=6, n_head=4, vocab_size=2048).save_pretrained(base)
    result = run(
        *("--base", base, "--method", "full", "--batch", "6", "--length", "128"),
        *("--device", "cpu", "--dtype", "float32", "--measure"),
    )
    assert result.exit_code == 0, result.stderr
    said = re.search(
        r"Measured here in float32: ([\d.]+) GB \(estimated ([\d.]+) GB\)", result.stdout
    )
    assert said is not None
    taken, estimated = map(float, said.groups())
    assert 0.6 < estimated / taken < 1.7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base", "nonsense"), "nonsense is neither 'starter'"),
        (("--base", "openai-community/gpt2", "--length", "1025"), "reads at most 1,024 tokens"),
    ],
)
def test_what_cannot_be_estimated_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(*arguments, "--device", "cpu", "--cache", tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert sentence in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_damaged_configuration_is_one_sentence(base: Path) -> None:
    (base / "config.json").write_text("{")
    result = run("--base", base, "--device", "cpu")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be read as a model" in result.stderr.splitlines()[-1]
