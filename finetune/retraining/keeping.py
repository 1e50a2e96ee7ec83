"""Which weights of a run that learns from votes are kept: as new as the corpus allows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from finetune.progress import Progress
from finetune.training.checkpoints import BestWeights
from finetune.training.failures import CommonError
from finetune.training.group import WorkerGroup

__all__ = ["RememberingWeights"]

_SHARES = (1.0, 0.85, 0.7, 0.55, 0.4, 0.25)
"""How much of the way that the weights have gone is tried, most first."""


class RememberingWeights(BestWeights):
    """Keeps the last weights, drawn back towards the first as far as the held-out jokes demand.

    What is learned from votes raises the loss of jokes that nobody voted on, so the lowest would be
    that of a model which has learned nothing. On the straight line between two sets of weights,
    both the new and the old are known well (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    models", https://arxiv.org/abs/2109.01903). Here the furthest point of it is kept whose held-out
    loss has risen by no more than the share `forgetting`. Made before the first step; `loss` takes
    the held-out loss of the model as it is.
    """

    def __init__(
        self,
        *,
        run: Path,
        forgetting: float,
        model: torch.nn.Module,
        loss: Callable[[], float],
        progress: Progress,
        group: WorkerGroup,
    ) -> None:
        super().__init__(run=run, patience=1, group=group)
        self._forgetting = forgetting
        self._loss = loss
        self._progress = progress
        self._first = [weights.detach().clone() for weights in _trained(model)]

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **named: Any,
    ) -> None:
        """After the last step. Raises `TrainingError` when nothing new can be remembered."""
        if state.global_step < state.max_steps:
            return
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
        trained = _trained(named["model"])
        last = [weights.detach().clone() for weights in trained]
        loss = losses[-1]
        try:
            for tried, share in enumerate(_SHARES):
                if tried:
                    self._progress("drawing back what was forgotten for", tried, len(_SHARES))
                    _put(trained, first=self._first, last=last, share=share)
                    loss = self._loss()
                if loss <= losses[0] * (1 + self._forgetting):
                    self._keep(state, model=named["model"], metrics={"eval_loss": loss})
                    return
        finally:
            # A checkpoint of the last step is still to be written.
            _put(trained, first=self._first, last=last, share=1.0)
        raise CommonError(
            f"The loss of held-out jokes rose by {100 * (loss / losses[0] - 1):.1f} % though "
            f"little of what was learned was kept, where {100 * self._forgetting:.1f} % are "
            "allowed (votes.forgetting); set a lower learning_rate or a higher votes.replay and "
            "begin again with --restart."
        )


def _trained(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    return [weights for weights in model.parameters() if weights.requires_grad]


@torch.no_grad()
def _put(
    trained: list[torch.nn.Parameter],
    *,
    first: list[torch.Tensor],
    last: list[torch.Tensor],
    share: float,
) -> None:
    for weights, begun, ended in zip(trained, first, last, strict=True):
        weights.copy_(torch.lerp(begun, ended, share))
