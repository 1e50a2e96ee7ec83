"""SIGINT and SIGTERM during a run: save and end after the step at hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.training.group import WorkerGroup
from finetune.training.signals import FirstSignal

__all__ = ["Interruption"]


class Interruption(TrainerCallback):
    """Remembers the signal that came; `signal` is None as long as none did.

    A signal to one worker of the `group` is one to all, so that they end after the same step.
    """

    def __init__(self, *, group: WorkerGroup) -> None:
        self._common = 0
        self._first = FirstSignal()
        self._group = group

    @property
    def signal(self) -> int | None:
        """The number of the signal to this worker or to another."""
        return self._common or self._first.number or None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, the first signal is remembered; a second one has its usual effect.

        A worker that runs in a thread, as on Ray, gets no signals; its starter does.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._first.watch()
        ended = False
        try:
            yield
            ended = True
        finally:
            # A starter ends all workers when one has failed, and this one has yet to say so.
            if ended or self._group.alone:
                self._first.unwatch()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Save and stop if a signal came during the step."""
        self._end(control)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Save and stop if a signal came during the evaluation."""
        self._end(control)

    def _end(self, control: TrainerControl) -> None:
        self._common = self._group.stopped_by(self.signal or 0)
        if self._common:
            control.should_save = True
            control.should_training_stop = True
