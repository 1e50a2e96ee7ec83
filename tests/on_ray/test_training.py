"""Training on a real Ray: two workers learn what one learns, and a lost worker is replaced."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.generation.cluster.embedded import end_embedded, find_embedded
from finetune.training.checkpoints import last_whole_checkpoint
from tests.finetune.training.material import write_base, write_corpus
from tests.finetune.training.programs import alone, assert_same, environment
from tests.on_ray.clusters import PATIENCE

pytest.importorskip("ray", reason="Ray is not installed: pip install 'punchline[ray]'")
pytestmark = pytest.mark.timeout(4 * PATIENCE)

BEGIN = """
import sys
from pathlib import Path
from bot.generation.cluster.embedded import begin_embedded

begin_embedded(Path(sys.argv[1]))
"""


@dataclass(kw_only=True)
class Ended:
    """A program that ran to its end; `lines` are what it reported."""

    status: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    errors: str = ""

    @property
    def steps(self) -> list[int]:
        """The steps it told of, those that were done again twice."""
        told = [line["step"] for line in self.lines if line["stage"] == "training"]
        return [step for at, step in enumerate(told) if at == 0 or told[at - 1] != step]


@dataclass(frozen=True, kw_only=True)
class School:
    """A directory with a corpus, a base, a recipe and a Ray of its own."""

    directory: Path
    address: str

    def line(self, out: str, *more: str) -> list[str]:
        """What follows `python -m finetune`."""
        return [
            *("train", "--recipe", str(self.directory / "small.toml"), "--device", "cpu"),
            *("--data", str(self.directory / "corpus"), "--out", str(self.directory / out)),
            *("--proof", "0", "--progress", "json", *more),
        ]

    def on_ray(
        self, out: str, *more: str, at: int = 0, do: Callable[[int], None] = lambda pid: None
    ) -> Ended:
        """Two workers; `do` gets the program's process id when step `at` was first reported."""
        shared = ("--ray", self.address, "--workers", "2")
        with subprocess.Popen(
            [sys.executable, "-m", "finetune", *self.line(out, *shared, *more)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            ended, done = Ended(status=0), False
            for said in process.stdout:
                if not said.startswith("{"):  # Ray says when a worker dies
                    continue
                ended.lines.append(json.loads(said))
                now = ended.lines[-1]
                if not done and (now["stage"], now.get("step")) == ("training", at):
                    done = True
                    do(process.pid)
            ended.errors = process.stderr.read()
        ended.status = process.returncode
        return ended

    def kill_worker(self, _: int) -> None:
        """One of those that train, as a machine that fails would."""
        workers = [
            each.pid
            for each in psutil.process_iter(["cmdline"])
            if (each.info["cmdline"] or [""])[0].startswith("ray::RayTrainWorker")
            and str(self.directory) in each.environ().get("RAY_AUTH_TOKEN_PATH", "")
        ]
        assert len(workers) == 2
        os.kill(workers[-1], signal.SIGKILL)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    directory = tmp_path_factory.mktemp("school")
    base = write_base(directory / "base")
    write_corpus(directory / "corpus")
    (directory / "small.toml").write_text(
        f'base = "{base}"\nmethod = "full"\nlearning_rate = 1e-3\nsequence_tokens = 64\n'
        "sequences = 4\nepochs = 12\nevaluations = 1\npatience = 99\nlog_steps = 1\n"
        'checkpoint_steps = 7\ndtype = "float32"\nsamples = 1\nsampling.max_tokens = 4\n'
        "trackers = []\n"
    )
    ray = directory / "ray"
    with pytest.MonkeyPatch.context() as patch:
        # Whoever knows the key may join; it is in the environment from then on.
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
            patch.setenv(name, "")
        # In a process of its own, which leaves it behind as a bot does.
        subprocess.run([sys.executable, "-c", BEGIN, str(ray)], check=True, timeout=PATIENCE)
        address = find_embedded(ray)
        assert address is not None
        school = School(directory=directory, address=address)
        try:
            alone(school.line("one"))
            yield school
        finally:
            end_embedded(ray)


def test_two_workers_learn_what_one_learns(school: School) -> None:
    two = school.on_ray("two")
    assert (two.status, two.errors) == (0, "")
    assert two.lines[0]["stage"] == "waiting for 2 workers on Ray"
    assert two.lines[-1] == {"stage": "done", "directory": str(school.directory / "two")}
    assert two.steps == list(range(1, two.steps[-1] + 1))
    assert_same(school.directory / "two", school.directory / "one")
    assert [path.name for path in school.directory.glob(".*.ray")] == []


def test_after_the_loss_of_a_worker_both_go_on_from_the_last_checkpoint(school: School) -> None:
    mended = school.on_ray("mended", at=17, do=school.kill_worker)
    assert mended.status == 0
    stages = [line["stage"] for line in mended.lines]
    assert "going on after a worker was lost" in stages
    again = [
        line["step"]
        for line in mended.lines[stages.index("going on after a worker was lost") :]
        if line["stage"] == "training"
    ]
    assert again[0] in {15, 22}
    assert_same(school.directory / "mended", school.directory / "one")


def test_a_signal_saves_what_both_have_learned_and_the_command_goes_on_from_there(
    school: School,
) -> None:
    stopped = school.on_ray(
        *("stopped", "--set", "epochs=400"), at=20, do=lambda pid: os.kill(pid, signal.SIGTERM)
    )
    assert (stopped.status, stopped.errors) == (128 + signal.SIGTERM, "")
    checkpoint = last_whole_checkpoint(school.directory / "stopped.run")
    assert checkpoint is not None
    assert checkpoint.name == f"checkpoint-{stopped.steps[-1]}"
    assert not (school.directory / "stopped").exists()


def test_what_cannot_be_taught_is_said_once_and_not_tried_again(school: School) -> None:
    ruined = write_base(school.directory / "ruined", ruined=True)
    refused = school.on_ray(
        *("refused", "--set", f"base={ruined}", "--set", "packing=false", "--set", "evaluations=1")
    )
    assert refused.status == 1
    assert refused.errors == (
        "A gradient is no longer a number; lower learning_rate (or set dtype=float32) and begin "
        "again with --restart.\n"
    )
    assert "going on after a worker was lost" not in [line["stage"] for line in refused.lines]
    assert not (school.directory / "refused.run").exists()


def test_where_there_is_no_ray_the_command_says_so(school: School) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "finetune", *school.line("nowhere", "--ray", "127.0.0.1:1")],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "There is no Ray to join at 127.0.0.1:1 (--ray): [Errno 111] Connection refused\n",
    )
