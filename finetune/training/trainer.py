"""TRL's `SFTTrainer`, with the loss of joke tokens only and a guard against infinite numbers."""

from functools import cached_property
from typing import Any

import torch
from trl.trainer.sft_trainer import SFTTrainer

from finetune.training.failures import TrainingError
from finetune.training.likelihood import joke_nats
from finetune.training.packing import IGNORED

__all__ = ["HumourTrainer"]


class HumourTrainer(SFTTrainer):
    """Trains on sequences that are packed already (`finetune.training.packing`).

    `SFTTrainer` reads prompts and padding with the whole vocabulary and takes entropy and accuracy
    beside the loss at every step. Here only joke tokens are read with it (`joke_nats`), and nothing
    is taken but the loss. Mixed precision is our own affair: what `accelerate` wraps around a model
    makes float32 copies of all its logits.
    """

    def __init__(self, *, mixed_precision: bool, **named: Any) -> None:
        super().__init__(**named)
        self._mixed_precision = mixed_precision

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True) -> Any:
        """In which losses are taken, of training and held-out jokes alike."""
        return torch.autocast(
            self.args.device.type,
            torch.bfloat16,
            enabled=self._mixed_precision,
            cache_enabled=cache_enabled,
        )

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
        nats, _ = joke_nats(model, inputs)
        if num_items_in_batch is None:
            num_items_in_batch = (
                len(nats) if model.training else self._held_out_tokens_a_row * len(inputs["labels"])
            )
        loss = nats.sum() / num_items_in_batch
        self.stop_unless_finite(loss)
        return loss

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
