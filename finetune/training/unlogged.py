"""The loss of the steps since the last log, kept with a checkpoint."""

import json
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.training.group import WorkerGroup

__all__ = ["UnloggedLoss"]

_FILE = "unlogged.json"


class UnloggedLoss(TrainerCallback):
    """Lets a resumed run log the means over the same steps as an unbroken one.

    `Trainer` logs the mean loss since the last log and forgets at a checkpoint what it has summed
    up; the two attributes that hold it have no public name. `checkpoint` is what is gone on from.
    What is logged is the mean over the workers of the `group`, so they may be others later.
    """

    def __init__(
        self, *, trainer: Any, run: Path, checkpoint: Path | None, group: WorkerGroup
    ) -> None:
        self._trainer = trainer
        self._run = run
        self._checkpoint = checkpoint
        self._group = group

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take up the sum of the checkpoint."""
        path = self._checkpoint / _FILE if self._checkpoint else None
        if path is None or not path.is_file():
            return
        content = json.loads(path.read_text(encoding="utf-8"))
        self._trainer._tr_loss += float(content["loss"])
        self._trainer._globalstep_last_logged = int(content["logged_step"])

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write the sum into the checkpoint that was just made."""
        loss = self._group.mean(self._trainer._tr_loss)
        if not self._group.leads:
            return
        content = {
            "loss": loss.item(),
            "logged_step": self._trainer._globalstep_last_logged,
        }
        path = self._run / f"checkpoint-{state.global_step}" / _FILE
        path.write_text(json.dumps(content), encoding="utf-8")
