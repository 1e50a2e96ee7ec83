"""Programs that are started as people start them, and stopped in the middle."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from finetune.__main__ import app
from finetune.report.content import read_content

__all__ = ["alone", "assert_same", "environment", "signalled"]


def environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def signalled(
    arguments: list[str], *, at: int, number: signal.Signals
) -> "subprocess.CompletedProcess[str]":
    """The ended program, which got a signal when it reported a step."""
    with subprocess.Popen(
        arguments, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if json.loads(line).get("step") == at and json.loads(line)["stage"] == "training":
                process.send_signal(number)
                break
        rest, errors = process.communicate()
    said = "".join([*lines, rest])
    return subprocess.CompletedProcess(arguments, process.returncode, said, errors)


def alone(line: list[str]) -> None:
    """The command with one worker, to its end and inside this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
        done = CliRunner().invoke(app, line, catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")


def assert_same(found: Path, expected: Path) -> None:
    """Both have learned the same by the same steps, up to the rounding of sums."""
    one, other = (read_content(version).history for version in (found, expected))
    assert [point.step for point in one] == [point.step for point in other]
    for mine, theirs in zip(one, other, strict=True):
        assert mine.loss == pytest.approx(theirs.loss, abs=1e-4)
        assert mine.held_out_loss == pytest.approx(theirs.held_out_loss, abs=1e-4)
    name = next(path.name for path in expected.glob("*model.safetensors"))
    weights = load_file(expected / name)
    for key, mine in load_file(found / name).items():
        torch.testing.assert_close(mine, weights[key], atol=1e-5, rtol=1e-4)
