"""Which weights of a run that learns from votes are kept: the newest that have not forgotten."""

from pathlib import Path
from typing import Any

from transformers import TrainerControl, TrainerState, TrainingArguments

from finetune.training.checkpoints import BestWeights
from finetune.training.failures import TrainingError

__all__ = ["RememberingWeights", "has_forgotten"]


def has_forgotten(state: TrainerState, *, forgetting: float) -> bool:
    """Whether the held-out loss has risen by more than this share since the run began."""
    return _rise(state) > forgetting


def _rise(state: TrainerState) -> float:
    losses: list[float] = [
        entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry
    ]
    return losses[-1] / losses[0] - 1 if losses else 0.0


class RememberingWeights(BestWeights):
    """Keeps the newest weights, and stops when the held-out jokes are forgotten.

    What is learned from votes raises the loss of jokes that nobody voted on, so the lowest would
    be that of a model which has learned nothing.
    """

    def __init__(self, *, run: Path, forgetting: float) -> None:
        super().__init__(run=run, patience=1)
        self._forgetting = forgetting

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **named: Any,
    ) -> None:
        """Compare with the evaluation before the first step. Raises `TrainingError`."""
        if state.global_step == 0:
            return
        if not has_forgotten(state, forgetting=self._forgetting):
            self._keep(state, **named)
        elif self.kept:
            control.should_training_stop = True
        else:
            raise TrainingError(
                f"The loss of held-out jokes rose by {100 * _rise(state):.1f} % where "
                f"{100 * self._forgetting:.1f} % are allowed (votes.forgetting); set a lower "
                "learning_rate or a higher votes.replay and begin again with --restart."
            )
