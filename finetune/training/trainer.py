"""TRL's `SFTTrainer`, with the plain loss and a guard against numbers that are no numbers."""

from functools import cached_property
from typing import Any

import torch
from transformers import Trainer
from trl.trainer.sft_trainer import SFTTrainer

from finetune.training.failures import TrainingError
from finetune.training.packing import IGNORED

__all__ = ["HumourTrainer"]


class HumourTrainer(SFTTrainer):
    """Trains on sequences that are packed already (`finetune.training.packing`).

    `SFTTrainer` takes entropy and accuracy over the whole vocabulary at every step; without them
    a step on a CPU takes about two thirds of the time (`make bench`), so the loss is `Trainer`'s.
    """

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean negative log-likelihood of the joke tokens, in nats.

        `Trainer` averages held-out losses over sequences. Dividing by the joke tokens of an average
        sequence makes that the mean over all tokens, however the sequences fall into batches.
        Raises `TrainingError` when it is no finite number, before any weight has changed by it.
        """
        if num_items_in_batch is None and not model.training:
            num_items_in_batch = self._held_out_tokens_a_row * len(inputs["labels"])
        result: Any = Trainer.compute_loss(
            self, model, {**inputs, "use_cache": False}, return_outputs, num_items_in_batch
        )
        self.stop_unless_finite(result[0] if return_outputs else result)
        return result

    def held_out_loss(self) -> float:
        """The loss of the held-out jokes under the model as it is, which nobody else hears of."""
        outcome = self.evaluation_loop(
            self.get_eval_dataloader(),
            description="held-out loss",
            prediction_loss_only=True,
            metric_key_prefix="eval",
        )
        return float((outcome.metrics or {})["eval_loss"])

    def stop_unless_finite(self, loss: torch.Tensor) -> None:
        """Raises `TrainingError`."""
        if not torch.isfinite(loss).all():
            raise TrainingError(
                "The loss is no longer a number; lower learning_rate (or set dtype=float32) and "
                "begin again with --restart."
            )

    @cached_property
    def _held_out_tokens_a_row(self) -> float:
        rows: Any = self.eval_dataset
        tokens = sum(int(label != IGNORED) for labels in rows["labels"] for label in labels)
        return tokens / len(rows)

    def create_model_card(self, *arguments: Any, **named: Any) -> None:
        """Nothing: a checkpoint is no model version, and a version gets a card of its own."""
