"""`python -m finetune gate`: the verdict is the result, and exit code 1 means there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from finetune.__main__ import app
from finetune.gate.verdict import PAGE, PICTURE, VERDICT, read_verdict
from tests.finetune.gate.material import VOTES
from tests.finetune.training.material import write_corpus
from tests.tiny import write_tiny_adapter

# A process of its own imports everything anew, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program switches bars off for its process, which is ours here."""
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def place(tiny_version: Path, tmp_path: Path) -> Path:
    """A champion, a corpus and held-out votes."""
    write_tiny_adapter(tmp_path / "champion", base=tiny_version)
    write_corpus(tmp_path / "corpus")
    lines = [
        json.dumps({"prompt": vote.prompt, "completion": vote.completion, "label": vote.label})
        for vote in VOTES
    ]
    (tmp_path / "votes.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def arguments(place: Path, *more: str) -> list[str]:
    return [
        *("gate", "--candidate", str(place / "champion"), "--champion", str(place / "champion")),
        *("--votes", str(place / "votes.jsonl"), "--data", str(place / "corpus")),
        *("--out", str(place / "verdict"), "--jokes", "4", "--topics", "2", "--loss-jokes", "8"),
        *("--device", "cpu", "--dtype", "float32", "--threads", "1", *more),
    ]


def run(place: Path, *more: str) -> Result:
    """The command inside this process."""
    return CliRunner().invoke(app, arguments(place, *more))


def test_a_program_follows_it_and_finds_the_verdict(place: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "finetune", *arguments(place, "--progress", "json")],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    *steps, last = [json.loads(line) for line in ended.stdout.splitlines()]
    directory = place / "verdict"
    assert last == {"stage": "done", "passed": True, "directory": str(directory)}
    assert all(set(step) == {"stage", "step", "of", "seconds_left"} for step in steps)
    stages = list(dict.fromkeys(step["stage"] for step in steps))
    assert stages[0] == "checking the candidate"
    assert {"candidate: held-out votes", "champion: jokes to show"} <= set(stages)
    assert {path.name for path in directory.iterdir()} == {VERDICT, PICTURE, PAGE}
    verdict = read_verdict(directory / VERDICT)
    assert verdict.passed
    assert verdict.votes_judged == len(VOTES)
    copied = next(figure for figure in verdict.figures if figure.name == "near_duplicates")
    assert copied.candidate == copied.champion is not None


def test_a_candidate_that_does_not_pass_is_no_failure(place: Path) -> None:
    (place / "champion.copy").mkdir()
    result = run(place, "--candidate", str(place / "champion.copy"))
    assert result.exit_code == 0, result.stderr
    assert "✗ champion.copy has no punchline.json." in result.stdout
    assert "Not passed: see" in result.stdout
    assert not read_verdict(place / "verdict" / VERDICT).passed


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--champion", "no version at all"), "no version at all is neither"),
        (("--limit", "humour=1"), "Limit humour: "),
        (("--limits", "none.json"), "none.json cannot be read"),
        (("--votes", "none.jsonl"), "none.jsonl cannot be read"),
        (("--data", "none.jsonl"), "none.jsonl"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence_and_leaves_nothing(
    place: Path, more: tuple[str, ...], sentence: str
) -> None:
    result = run(place, "--progress", "json", *more)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not (place / "verdict" / VERDICT).exists()
