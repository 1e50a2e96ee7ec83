"""SIGINT and SIGTERM during a run: save and end after the step at hand."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from finetune.training.group import WorkerGroup

__all__ = ["Interruption"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption(TrainerCallback):
    """Remembers the signal that came; `signal` is None as long as none did.

    A signal to one worker of the `group` is one to all, so that they end after the same step.
    """

    def __init__(self, *, group: WorkerGroup) -> None:
        self.signal: int | None = None
        self._group = group

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, the first signal is remembered; a second one has its usual effect.

        A worker that runs in a thread, as on Ray, gets no signals; its starter does.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._remember) for number in _SIGNALS}
        ended = False
        try:
            yield
            ended = True
        finally:
            # A starter ends all workers when one has failed, and this one has yet to say so.
            if ended or self._group.alone:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)

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
        self.signal = self._group.stopped_by(self.signal or 0) or None
        if self.signal is not None:
            control.should_save = True
            control.should_training_stop = True
