"""TRL's `SFTTrainer`, with the plain loss and a guard against numbers that are no numbers."""

from typing import Any

import torch
from transformers import Trainer
from trl.trainer.sft_trainer import SFTTrainer

from finetune.training.failures import TrainingError

__all__ = ["HumourTrainer"]


class HumourTrainer(SFTTrainer):
    """Trains on sequences that are packed already (`finetune.training.packing`).

    `SFTTrainer` takes entropy and accuracy over the whole vocabulary at every step; without them
    a step on a CPU takes about two thirds of the time (docs/experiments.md), so the loss is
    `Trainer`'s.
    """

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean negative log-likelihood of the joke tokens, in nats.

        Raises `TrainingError` when it is no finite number, before any weight has changed by it.
        """
        result: Any = Trainer.compute_loss(
            self, model, {**inputs, "use_cache": False}, return_outputs, num_items_in_batch
        )
        loss = result[0] if return_outputs else result
        if not torch.isfinite(loss).all():
            raise TrainingError(
                "The loss is no longer a number; lower learning_rate (or set dtype=float32) and "
                "go on with --resume."
            )
        return result

    def create_model_card(self, *arguments: Any, **named: Any) -> None:
        """Nothing: a checkpoint is no model version, and a version gets a card of its own."""
