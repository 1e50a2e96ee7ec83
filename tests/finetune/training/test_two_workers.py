"""Two workers learn what one learns, and losing one of them costs nothing but time.

They are started as people start them, by torchrun or by the option for it; what one worker learns
is computed inside this process, which spares the time that importing takes.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from finetune.training.checkpoints import last_whole_checkpoint
from tests.finetune.retraining.material import (
    VOTES,
    arguments,
    jokes_of_both_kinds,
    write_votes,
)
from tests.finetune.training.material import write_corpus
from tests.finetune.training.programs import alone, assert_same, environment
from tests.tiny import write_tiny_adapter

pytestmark = pytest.mark.timeout(300)

_TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
_KILLED_AT = 11


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A run of two whose second worker was killed, and what came of it when it was resumed."""

    status: int
    said: str
    checkpoint: str
    unbroken: Path
    mended: Path


@pytest.fixture(scope="module")
def loss(llama: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Loss:
    place = tmp_path_factory.mktemp("two")
    recipe = place / "small.toml"
    # One worker reads three jokes twice a step, each of two once; an epoch ends with fewer.
    recipe.write_text(
        f'base = "{llama}"\nmethod = "full"\nlearning_rate = 1e-3\npacking = false\n'
        "sequence_tokens = 64\nsequences = 3\nepochs = 6\nevaluations = 2\nlog_steps = 1\n"
        'checkpoint_steps = 4\ndtype = "float32"\nsamples = 1\nsampling.max_tokens = 4\n'
        "accumulation = 2\ntrackers = []\n"
    )
    line = [
        *("train", "--recipe", str(recipe), "--data", str(corpus), "--proof", "0"),
        *("--device", "cpu", "--progress", "json"),
    ]
    unbroken, mended = place / "unbroken", place / "mended"
    alone([*line, "--out", str(unbroken)])
    with subprocess.Popen(
        [sys.executable, *_TORCHRUN, "-m", "finetune", *line, "--out", str(mended)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for said in process.stdout:
            now = json.loads(said)
            if (now["stage"], now.get("step")) == ("training", _KILLED_AT):
                os.kill(second_worker(process.pid), signal.SIGKILL)
        assert process.stderr is not None
        complaint = process.stderr.read()
    checkpoint = last_whole_checkpoint(mended.with_name("mended.run"))
    assert not mended.exists()
    alone([*line, "--out", str(mended), "--resume"])
    return Loss(
        status=process.returncode,
        said=complaint,
        checkpoint=checkpoint.name if checkpoint else "",
        unbroken=unbroken,
        mended=mended,
    )


def second_worker(starter: int) -> int:
    children = psutil.Process(starter).children(recursive=True)
    return next(each.pid for each in children if each.environ().get("RANK") == "1")


def test_a_killed_worker_ends_the_run_of_both_with_a_sentence_and_a_checkpoint(loss: Loss) -> None:
    assert loss.status != 0
    assert loss.checkpoint != ""
    assert (
        "Another worker of this run has ended; see what it said, and run the same command with "
        f"--resume. The last good checkpoint is {loss.checkpoint} in "
    ) in loss.said


def test_what_two_began_one_ends_as_if_it_had_always_been_one(loss: Loss) -> None:
    assert_same(loss.mended, loss.unbroken)


def test_two_workers_learn_from_votes_what_one_learns(llama: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", jokes_of_both_kinds())
    votes = write_votes(tmp_path / "votes.jsonl", VOTES)
    parent = write_tiny_adapter(tmp_path / "adapter", base=llama)

    def line(out: str, *more: str) -> list[str]:
        return arguments(
            *(tmp_path, out, "--set", "sequences=6", "--set", "epochs=1", *more),
            *("--set", "votes.forgetting=1"),
            votes=votes,
            parent=parent,
        )

    alone(line("one"))
    done = subprocess.run(
        [sys.executable, "-m", "finetune", *line("two", "--workers", "2")],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "stage": "done",
        "directory": str(tmp_path / "two"),
    }
    assert_same(tmp_path / "two", tmp_path / "one")
