"""Checkpoints of a run: which are whole, and the weights with the best held-out loss."""

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.durable import sync
from finetune.training.failures import TrainingError
from finetune.training.group import WorkerGroup

__all__ = [
    "BestWeights",
    "WholeCheckpoints",
    "best_weights",
    "forget_torn_checkpoints",
    "has_ended",
    "last_whole_checkpoint",
]

_WHOLE = "whole"
_BEST = "best"


def last_whole_checkpoint(run: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None."""
    whole = [path.parent for path in run.glob(f"checkpoint-*/{_WHOLE}")]
    return max(whole, key=_step, default=None)


def forget_torn_checkpoints(run: Path) -> None:
    """Removes what a crash left half-written, which would count among those that are kept."""
    for checkpoint in run.glob("checkpoint-*"):
        if not (checkpoint / _WHOLE).is_file():
            shutil.rmtree(checkpoint)


def best_weights(run: Path) -> Path:
    """The directory with the best weights of a run. Raises `TrainingError`."""
    best = run / _BEST
    if not best.is_dir():
        raise TrainingError(f"{run} holds no evaluated weights; begin again without --resume.")
    return best


def has_ended(state: TrainerState, *, patience: int) -> bool:
    """Whether nothing is left to train: all steps are done, or it was stopped early."""
    return state.global_step >= state.max_steps or _evaluations_since_best(state) >= patience


def _evaluations_since_best(state: TrainerState) -> int:
    """The log of a resumed run has the evaluations before it as well."""
    losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


class WholeCheckpoints(TrainerCallback):
    """Marks a checkpoint once every file of it is on disk, so that a torn one is never used.

    Each worker of the `group` writes the state of its random numbers into it.
    """

    def __init__(self, *, run: Path, group: WorkerGroup) -> None:
        self._run = run
        self._group = group

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """After all files were written."""
        self._group.wait()
        if self._group.leads:
            self._mark(state)

    def _mark(self, state: TrainerState) -> None:
        checkpoint = self._run / f"checkpoint-{state.global_step}"
        for path in [*checkpoint.rglob("*"), checkpoint]:
            sync(path)
        (checkpoint / _WHOLE).touch()
        for path in (checkpoint, self._run):
            sync(path)


class BestWeights(TrainerCallback):
    """Keeps the weights with the lowest held-out loss, and stops when it has stopped falling.

    `patience` is how many evaluations in a row may bring nothing better. All workers of the `group`
    have the same weights, and the leader writes them.
    """

    def __init__(self, *, run: Path, patience: int, group: WorkerGroup) -> None:
        self._run = run
        self._patience = patience
        self._group = group

    @property
    def kept(self) -> bool:
        """Whether there are weights to end with."""
        return (self._run / _BEST).is_dir()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The last step is evaluated whatever the interval says."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **named: Any,
    ) -> None:
        """Compare with all evaluations so far."""
        if not _evaluations_since_best(state):
            self._keep(state, **named)
        elif has_ended(state, patience=self._patience):
            control.should_training_stop = True

    def _keep(self, state: TrainerState, **named: Any) -> None:
        if self._group.leads:
            self._write(state, **named)
        self._group.wait()

    def _write(
        self, state: TrainerState, *, model: Any, metrics: dict[str, float], **_: Any
    ) -> None:
        about = {"step": state.global_step, "held_out_loss": metrics["eval_loss"]}
        fresh, best, old = (self._run / name for name in (f"{_BEST}.new", _BEST, f"{_BEST}.old"))
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        model.save_pretrained(fresh)
        (fresh / "best.json").write_text(json.dumps(about), encoding="utf-8")
        for path in [*fresh.rglob("*"), fresh]:
            sync(path)
        if best.exists():
            best.rename(old)
        fresh.rename(best)
        shutil.rmtree(old, ignore_errors=True)
