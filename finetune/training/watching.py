"""Tells a reporter how a run goes, and has it show sample jokes after every epoch."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.training.failures import CommonError
from finetune.training.reporting import Reporter, TrainingStep

__all__ = ["SoundGradients", "Watching"]


class Watching(TrainerCallback):
    """`samples` draws some jokes of a model; a speed counts from where the process began."""

    def __init__(
        self,
        *,
        reporter: Reporter,
        samples: Callable[[Any], Sequence[str]],
    ) -> None:
        self._reporter = reporter
        self._samples = samples
        self._began = 0.0
        self._first_step = 0
        self._first_tokens = 0
        self._reported = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """A resumed run begins where it was."""
        self._began = time.monotonic()
        self._first_step = self._reported = state.global_step
        self._first_tokens = int(state.num_input_tokens_seen)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Report at once, unless losses of this step are still to come."""
        if not (control.should_log or control.should_evaluate):
            self._report(state)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Report with the loss, unless the held-out loss of this step is still to come."""
        if not control.should_evaluate:
            self._report(state)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Report with both losses."""
        self._report(state)

    def _report(self, state: TrainerState) -> None:
        """One report a step; the losses are the last that were logged."""
        if state.global_step == self._reported:
            return
        self._reported = state.global_step
        seconds = max(time.monotonic() - self._began, 1e-9)
        done = state.global_step - self._first_step
        tokens = int(state.num_input_tokens_seen) - self._first_tokens
        self._reporter.training(
            TrainingStep(
                step=state.global_step,
                of=state.max_steps,
                epoch=round(state.epoch or 0.0, 3),
                loss=_last(state, "loss"),
                held_out_loss=_last(state, "eval_loss"),
                tokens_per_second=round(tokens / seconds, 1),
                seconds_left=round(seconds / max(done, 1) * (state.max_steps - state.global_step)),
            )
        )

    def on_epoch_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **named: Any,
    ) -> None:
        """Some jokes, so that a person hears how it is coming along."""
        if control.should_training_stop and state.global_step < state.max_steps:
            return  # stopped early, or by a signal that should not have to wait for jokes
        jokes = self._samples(named["model"])
        if jokes:
            self._reporter.samples(state.epoch or 0.0, jokes)


def _last(state: TrainerState, name: str) -> float | None:
    return next((entry[name] for entry in reversed(state.log_history) if name in entry), None)


class SoundGradients(TrainerCallback):
    """Stops a run before a gradient that is no finite number reaches the weights."""

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **named: Any,
    ) -> None:
        """Raises `TrainingError`."""
        gradients = [each.grad for each in named["model"].parameters() if each.grad is not None]
        if not torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
            raise CommonError(
                "A gradient is no longer a number; lower learning_rate (or set dtype=float32) and "
                "begin again with --restart."
            )
