"""A trainer whose loss is taken over votes and replayed jokes."""

from collections.abc import Sequence
from typing import Any

import torch

from finetune.recipes.recipe import VotesRecipe
from finetune.retraining.datasets import MISMATCHED
from finetune.retraining.kto import divergence, kto_losses
from finetune.retraining.likelihood import joke_log_probabilities
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

        Means are over the votes and tokens of all workers, whose gradients are averaged. Raises
        `TrainingError` when it is no finite number, before any weight has changed by it.
        """
        if "weight" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        votes = len(inputs["weight"])
        policy = joke_log_probabilities(model, inputs)
        if self._votes.learning == "kto":
            losses = self._kto(model, inputs, policy[:votes])
            loss = (inputs["weight"] * losses).sum() / inputs["votes"]
        else:
            loss = -(inputs["weight"] * policy[:votes]).sum() / inputs["vote_tokens"]
        replayed = policy[votes:].sum() / inputs["replayed_tokens"]
        loss = (loss - self._votes.replay * replayed) * self._group.size
        self.stop_unless_finite(loss)
        return loss

    def own_part(self, rows: Sequence[Any]) -> Any:
        """What is replayed depends on all votes, so the collator chooses this worker's part."""
        return self.data_collator(list(rows))

    def _kto(self, model: Any, inputs: dict[str, Any], policy: torch.Tensor) -> torch.Tensor:
        others = policy.detach()  # none, where this worker has no votes
        if len(policy):
            with torch.no_grad():
                others = joke_log_probabilities(
                    self.model,
                    {
                        name.removeprefix(MISMATCHED): tensor
                        for name, tensor in inputs.items()
                        if name.startswith(MISMATCHED)
                    },
                )
        return kto_losses(
            policy=policy,
            reference=inputs["reference"],
            liked=inputs["liked"],
            divergence=divergence(others, inputs[f"{MISMATCHED}reference"], mean=self._group.mean),
            beta=self._votes.beta,
        )
