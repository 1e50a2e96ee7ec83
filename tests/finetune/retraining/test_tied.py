"""A run that is tied to its starter saves its work when the starter is gone."""

import json
import signal
import subprocess
import sys

import pytest

from finetune.training.checkpoints import last_whole_checkpoint
from tests.finetune.retraining.conftest import Place
from tests.finetune.retraining.material import arguments
from tests.finetune.training.programs import environment

# Importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(300)


def test_the_end_of_standard_input_saves_a_checkpoint_and_ends_the_run(place: Place) -> None:
    command = [
        *(sys.executable, "-m", "finetune"),
        *arguments(place.directory, "tied", votes=place.votes, parent=place.adapter),
        *("--tied", "--threads", "1", "--set", "epochs=200"),
    ]
    with subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        steps = []
        for line in process.stdout:
            said = json.loads(line)
            if said["stage"] == "training":
                steps.append(said["step"])
                if said["step"] == 4:
                    process.stdin.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait() == 128 + signal.SIGTERM
    checkpoint = last_whole_checkpoint(place.directory / "tied.run")
    assert checkpoint is not None
    assert checkpoint.name == f"checkpoint-{steps[-1]}"
    assert not (place.directory / "tied").exists()
