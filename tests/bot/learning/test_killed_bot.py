"""A bot that learns may be killed at any stage: the next carries on, and one champion serves."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.learning.school import School
from tests.bot.program import REPOSITORY, eventually
from tests.finetune.retraining.material import write_parent

# Each stage is a program of its own, and importing what trains takes long on a busy machine.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the parent and its corpus are."""
    directory = tmp_path_factory.mktemp("nursery")
    write_parent(directory)
    return directory


@pytest.fixture
def school(nursery: Path, tmp_path: Path) -> School:
    return School(tmp_path / "bot", parent=nursery / "parent", corpus=nursery / "corpus")


def test_a_run_outlives_the_death_of_its_bot_at_every_stage(school: School) -> None:
    run = school.data / "models" / "punchline-1.run"
    with school.running(), school.asking("/retrain"):
        eventually(lambda: any(run.glob("checkpoint-*/trainer_state.json")))
        school.killed()
    assert (school.stage(), school.champion()) == ("training", "parent")

    with school.running():
        school.comes_to("gate")
        eventually(lambda: len(school.pupils()) == 1)
        school.killed()
    assert (school.stage(), school.champion()) == ("gate", "parent")

    with school.running():
        school.comes_to("trial")
        school.killed()
    assert (school.stage(), school.champion()) == ("trial", "parent")

    with school.running():
        eventually(lambda: school.challenger() == "punchline-1")
        with school.asking("/retrain promote"):
            school.killed()
    assert school.champion() in ("parent", "punchline-1")

    with school.running():
        eventually(lambda: "punchline-1" in (school.champion(), school.challenger()))
        if school.champion() == "parent":
            school.asked("/retrain promote")
        school.comes_to("promoted")
    assert school.champion() == "punchline-1"
    assert school.tells() == "punchline-1"
    assert school.rows("SELECT count(*) FROM votes") == [(school.votes_given,)]


def test_two_retrains_at_once_are_one_run_and_a_sentence(school: School) -> None:
    with school.running(), school.asking("/retrain"):
        school.comes_to("training")
        beside = school.call("retrain")
        again = school.asked("/retrain cancel")
        school.comes_to("cancelled")
        eventually(lambda: school.pupils() == [])
    assert school.rows("SELECT count(*) FROM runs") == [(1,)]
    assert beside.code == 1
    assert (beside.out, beside.err) == ("", "I am learning already; /retrain cancel ends it.\n")
    assert "everything stays as it was" in again


def test_a_full_disk_ends_the_run_with_a_sentence_and_leaves_the_champion(school: School) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    done = subprocess.run(
        [sys.executable, "-m", "bot", "--config", "config.toml", "retrain"],
        cwd=school.directory,
        env=school.environment({"PYTHONPATH": str(REPOSITORY)}),
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "The disk is full; make room" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert school.stage() == "failed"
    assert not (school.data / "models" / "punchline-1" / "punchline.json").exists()
    assert school.tells() == "parent"
