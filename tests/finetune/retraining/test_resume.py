"""A run that was killed, then stopped, and is resumed, ends like one that never was."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune.report.content import HistoryPoint, read_content
from finetune.training.checkpoints import last_whole_checkpoint
from tests.finetune.retraining.conftest import Place
from tests.finetune.retraining.material import arguments, retrain
from tests.finetune.training.programs import signalled

# Two programs are started, and importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)

_STEPS = 14
_MORE = (
    *("--set", "epochs=2", "--set", "accumulation=1", "--set", "log_steps=4"),
    *("--set", "votes.forgetting=9", "--set", "votes.replayed=0.5"),
)


KILLS = int(os.environ.get("PUNCHLINE_TESTS_TRAINER_KILLS", "1"))
"""Each takes some ten seconds; 20 are a campaign."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """One retraining told twice: unbroken, and killed, then stopped, then finished."""

    unbroken: Path
    mended: Path
    killed: "subprocess.CompletedProcess[str]"
    stopped: "subprocess.CompletedProcess[str]"
    checkpoint_when_stopped: str


@pytest.fixture(scope="module", params=["kto", "taste"])
def story(request: pytest.FixtureRequest, place: Place) -> Story:
    named = {"votes": place.votes, "parent": place.adapter, "recipe": request.param}
    directory = place.directory / f"resumed-{request.param}"
    directory.mkdir()
    (directory / "corpus").symlink_to(place.directory / "corpus")
    assert retrain(directory, "unbroken", *_MORE, **named).exit_code == 0
    program = [sys.executable, "-m", "finetune"]
    again = [*program, *arguments(directory, "mended", *_MORE, **named)]
    killed = signalled(again, at=5, number=signal.SIGKILL)
    chance = random.Random(5)
    for _ in range(KILLS - 1):
        at = saved(directory / "mended.run") + chance.randint(1, 3 if chance.random() < 0.2 else 2)
        killed = signalled([*again, "--resume"], at=min(at, _STEPS - 3), number=signal.SIGKILL)
    at = max(8, saved(directory / "mended.run") + 1)
    stopped = signalled([*again, "--resume"], at=at, number=signal.SIGTERM)
    checkpoint = last_whole_checkpoint(directory / "mended.run")
    assert not (directory / "mended").exists()
    done = retrain(directory, "mended", *_MORE, "--resume", **named)
    assert (done.exit_code, done.stderr) == (0, "")
    return Story(
        unbroken=directory / "unbroken",
        mended=directory / "mended",
        killed=killed,
        stopped=stopped,
        checkpoint_when_stopped=checkpoint.name if checkpoint else "",
    )


def test_the_losses_are_those_of_an_unbroken_run_at_every_logged_step(story: Story) -> None:
    expected, found = (read_content(path).history for path in (story.unbroken, story.mended))
    assert [where(point) for point in found] == [where(point) for point in expected]
    assert expected[-1].step == _STEPS
    for one, other in zip(found, expected, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-4)
        assert one.held_out_loss == pytest.approx(other.held_out_loss, abs=1e-4)


def saved(run: Path) -> int:
    """The step of the newest whole checkpoint."""
    checkpoint = last_whole_checkpoint(run)
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def where(point: HistoryPoint) -> tuple[int, int, bool]:
    return point.step, point.tokens, point.loss is None


def test_the_published_weights_are_those_of_an_unbroken_run(story: Story) -> None:
    name = "adapter_model.safetensors"
    expected, found = (load_file(path / name) for path in (story.unbroken, story.mended))
    for key, weights in expected.items():
        torch.testing.assert_close(found[key], weights, atol=1e-5, rtol=1e-5)


def test_a_killed_program_says_nothing_and_a_stopped_one_saves_its_last_step(story: Story) -> None:
    assert (story.killed.returncode, story.killed.stderr) == (-signal.SIGKILL, "")
    assert (story.stopped.returncode, story.stopped.stderr) == (128 + signal.SIGTERM, "")
    said = [json.loads(line) for line in story.stopped.stdout.splitlines()]
    # A step is told again while the next one takes long.
    steps = list(dict.fromkeys(line["step"] for line in said if line["stage"] == "training"))
    assert steps == list(range(steps[0], steps[-1] + 1))
    assert steps[0] > 1
    assert story.checkpoint_when_stopped == f"checkpoint-{steps[-1]}"
