"""A run that was killed or stopped, and is resumed, ends like one that never was.

The program is started as people start it. Where it dies is drawn from a seed.
"""

import json
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from finetune.__main__ import app
from finetune.report.content import HistoryPoint, read_content
from finetune.training.checkpoints import last_whole_checkpoint
from tests.finetune.training.programs import signalled

# Two programs are started for each method, and importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)

_STEPS = 20
_METHODS = {
    "full": {"family": "gpt2", "settings": ["method=full", "learning_rate=1e-3"]},
    "lora": {
        "family": "llama",
        "settings": ["method=lora", "lora.rank=4", "lora.dropout=0.2", "learning_rate=1e-2"],
    },
}


@dataclass(frozen=True, kw_only=True)
class Story:
    """One lesson told twice: unbroken, and killed, then stopped, then finished."""

    unbroken: Path
    mended: Path
    stopped_by: signal.Signals
    stopped: "subprocess.CompletedProcess[str]"
    checkpoint_when_stopped: int
    stopped_at: int


def command(recipe: Path, corpus: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "finetune", "train", "--recipe", str(recipe)),
        *("--data", str(corpus), "--out", str(out), "--proof", "0", "--progress", "json", *more),
    ]


def finish(arguments: list[str]) -> None:
    """The same command to its end, inside this process, which spares a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        done = CliRunner().invoke(app, arguments[3:], catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.fixture(scope="module", params=sorted(_METHODS))
def story(
    request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    method: dict[str, Any] = _METHODS[request.param]
    place = tmp_path_factory.mktemp(request.param)
    base = request.getfixturevalue(method["family"])
    recipe = place / "small.toml"
    recipe.write_text(
        f'base = "{base}"\n'
        "sequence_tokens = 64\nsequences = 2\naccumulation = 2\nepochs = 4\nevaluations = 2\n"
        'log_steps = 4\ncheckpoint_steps = 3\ndtype = "float32"\nsamples = 1\ntrackers = []\n'
        "sampling.max_tokens = 8\n"
    )
    more = [part for setting in method["settings"] for part in ("--set", setting)]
    unbroken, mended = place / "unbroken", place / "mended"
    finish(command(recipe, corpus, unbroken, *more))

    chance = random.Random(request.param)
    killed_at = chance.randint(4, 11)
    stopped_at = chance.randint(killed_at + 3, 18)
    again = command(recipe, corpus, mended, *more)
    killed = signalled(again, at=killed_at, number=signal.SIGKILL)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    assert not mended.exists()
    stopped_by = signal.SIGTERM if request.param == "full" else signal.SIGINT
    stopped = signalled([*again, "--resume"], at=stopped_at, number=stopped_by)
    checkpoint = last_whole_checkpoint(mended.with_name("mended.run"))
    assert not mended.exists()
    finish([*again, "--resume"])
    return Story(
        unbroken=unbroken,
        mended=mended,
        stopped_by=stopped_by,
        stopped=stopped,
        checkpoint_when_stopped=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        stopped_at=stopped_at,
    )


def test_the_losses_are_those_of_an_unbroken_run_at_every_logged_step(story: Story) -> None:
    expected, found = (read_content(path).history for path in (story.unbroken, story.mended))
    assert [where(point) for point in found] == [where(point) for point in expected]
    assert expected[-1].step == _STEPS
    for one, other in zip(found, expected, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-4)
        assert one.held_out_loss == pytest.approx(other.held_out_loss, abs=1e-4)


def where(point: HistoryPoint) -> tuple[int, int, bool]:
    return point.step, point.tokens, point.loss is None


def test_the_losses_fell_so_that_equal_ones_mean_something(story: Story) -> None:
    held_out = [
        point.held_out_loss
        for point in read_content(story.unbroken).history
        if point.held_out_loss is not None
    ]
    assert min(held_out) < held_out[0] - 0.1


def test_the_published_weights_are_those_of_an_unbroken_run(story: Story) -> None:
    name = next(path.name for path in story.unbroken.glob("*model.safetensors"))
    expected, found = (load_file(path / name) for path in (story.unbroken, story.mended))
    assert found.keys() == expected.keys()
    for key, weights in expected.items():
        torch.testing.assert_close(found[key], weights, atol=1e-5, rtol=1e-5)


def test_a_signal_ends_the_program_after_a_step_with_a_checkpoint_and_its_number(
    story: Story,
) -> None:
    assert story.stopped.returncode == 128 + story.stopped_by
    assert story.stopped.stderr == ""
    steps = trained_steps(story)
    assert story.checkpoint_when_stopped == max(steps)
    assert story.stopped_at <= max(steps) <= story.stopped_at + 2


def trained_steps(story: Story) -> list[int]:
    said = [json.loads(line) for line in story.stopped.stdout.splitlines()]
    # A step is told again while the next one takes long.
    return list(dict.fromkeys(line["step"] for line in said if line["stage"] == "training"))


def test_a_resumed_program_goes_on_where_it_was(story: Story) -> None:
    steps = trained_steps(story)
    assert steps[0] > 1
    assert steps == list(range(steps[0], steps[-1] + 1))


def test_nothing_of_the_run_is_left_but_its_version(story: Story) -> None:
    run = story.mended.with_name("mended.run")
    assert [path for path in run.rglob("*") if path.is_file()] == []
