"""An unfinished run is gone on with on purpose, and only with what it was begun with."""

from pathlib import Path
from typing import Any

import pytest

from finetune.training.checkpoints import forget_torn_checkpoints, last_whole_checkpoint
from finetune.training.failures import TrainingError
from finetune.training.run_directory import enter_run, left_only_with_checkpoints

RECORD = {
    "recipe": {"epochs": 2, "lora": {"rank": 4}},
    "data": {"train.jsonl": "ab"},
    "parent": None,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was begun and has one whole checkpoint."""
    directory = tmp_path / "humour.run"
    enter(directory)
    checkpoint(directory, 50)
    return directory


def enter(
    directory: Path, record: Any = None, *, resume: bool = False, restart: bool = False
) -> None:
    enter_run(directory, record=record or RECORD, resume=resume, restart=restart)


def checkpoint(run: Path, step: int, *, whole: bool = True) -> Path:
    directory = run / f"checkpoint-{step}"
    directory.mkdir()
    if whole:
        (directory / "whole").touch()
    return directory


def test_an_unfinished_run_is_not_gone_on_with_by_accident(run: Path) -> None:
    with pytest.raises(TrainingError) as refusal:
        enter(run)
    assert str(refusal.value) == (
        f"{run} holds an unfinished run; go on with --resume, or --restart to lose it."
    )
    enter(run, resume=True)
    assert last_whole_checkpoint(run) is not None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"recipe": {"epochs": 3, "lora": {"rank": 4}}}, "recipe.epochs"),
        ({"recipe": {"epochs": 2, "lora": {"rank": 8}}}, "recipe.lora.rank"),
        ({"data": {"train.jsonl": "cd"}, "parent": "old"}, "data.train.jsonl, parent"),
    ],
)
def test_a_run_begun_with_something_else_is_refused_by_its_name(
    run: Path, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(TrainingError, match=f"begun with another {named}; take back the change"):
        enter(run, RECORD | changed, resume=True)
    assert last_whole_checkpoint(run) is not None


def test_a_restart_begins_anew(run: Path) -> None:
    enter(run, RECORD | {"parent": "old"}, restart=True)
    assert last_whole_checkpoint(run) is None
    enter(run, RECORD | {"parent": "old"}, resume=True)


def test_there_is_nothing_to_resume_in_a_new_directory_and_that_is_no_fault(tmp_path: Path) -> None:
    enter(tmp_path / "new.run", resume=True)
    with pytest.raises(TrainingError):
        enter(tmp_path / "new.run")


def test_a_damaged_record_is_a_sentence(run: Path) -> None:
    (run / "run.json").write_text("{")
    with pytest.raises(TrainingError, match=r"run\.json cannot be read"):
        enter(run, resume=True)


def test_the_newest_whole_checkpoint_is_gone_on_from(run: Path) -> None:
    checkpoint(run, 100)
    checkpoint(run, 150, whole=False)
    assert last_whole_checkpoint(run) == run / "checkpoint-100"


def test_a_torn_checkpoint_is_removed(run: Path) -> None:
    torn = checkpoint(run, 100, whole=False)
    forget_torn_checkpoints(run)
    assert not torn.exists()
    assert last_whole_checkpoint(run) == run / "checkpoint-50"


def test_a_run_that_fails_before_its_first_checkpoint_leaves_nothing(tmp_path: Path) -> None:
    run = tmp_path / "humour.run"
    enter(run)
    with pytest.raises(TrainingError), left_only_with_checkpoints(run):
        raise TrainingError("No.")
    assert not run.exists()


def test_a_run_that_fails_later_leaves_its_checkpoints(run: Path) -> None:
    with pytest.raises(TrainingError), left_only_with_checkpoints(run):
        raise TrainingError("No.")
    assert last_whole_checkpoint(run) is not None
