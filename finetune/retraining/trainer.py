"""A trainer whose loss is taken over votes and replayed jokes."""

from typing import Any

import torch

from finetune.recipes.recipe import VotesRecipe
from finetune.retraining.datasets import MISMATCHED
from finetune.retraining.kto import divergence, kto_losses
from finetune.retraining.likelihood import joke_log_probabilities
from finetune.training.packing import IGNORED
from finetune.training.trainer import HumourTrainer

__all__ = ["VotesTrainer"]


class VotesTrainer(HumourTrainer):
    """Trains on the batches of `VotesCollator`; held-out jokes are measured as ever.

    TRL's `KTOTrainer` knows neither weights of single votes nor other losses beside its own, and
    needs votes in the order of the file.
    """

    loss_is_scaled_for_ga = False  # type: ignore[assignment]

    def __init__(self, *, votes: VotesRecipe, **named: Any) -> None:
        super().__init__(**named)
        self._votes = votes

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean loss of the votes and `replay` times that of the replayed jokes.

        Raises `TrainingError` when it is no finite number, before any weight has changed by it.
        """
        if "weight" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        votes = len(inputs["weight"])
        policy = joke_log_probabilities(model, inputs)
        tokens = (inputs["labels"][:, 1:] != IGNORED).sum(dim=1)
        if self._votes.learning == "kto":
            loss = self._kto(model, inputs, policy[:votes])
        else:
            loss = -(inputs["weight"] * policy[:votes]).sum() / tokens[:votes].sum()
        if len(policy) > votes:
            loss = loss - self._votes.replay * policy[votes:].sum() / tokens[votes:].sum()
        self.stop_unless_finite(loss)
        return loss

    def _kto(self, model: Any, inputs: dict[str, Any], policy: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            others = joke_log_probabilities(
                model,
                {
                    name.removeprefix(MISMATCHED): tensor
                    for name, tensor in inputs.items()
                    if name.startswith(MISMATCHED)
                },
            )
        losses = kto_losses(
            policy=policy,
            reference=inputs["reference"],
            liked=inputs["liked"],
            divergence=divergence(others, inputs[f"{MISMATCHED}reference"]),
            beta=self._votes.beta,
        )
        weighted: torch.Tensor = inputs["weight"] * losses
        return weighted.mean()
