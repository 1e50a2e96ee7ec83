"""TRL's `SFTTrainer`, with the loss of joke tokens only and a guard against infinite numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader, RandomSampler
from transformers.trainer_utils import EvalLoopOutput
from trl.trainer.sft_trainer import SFTTrainer

from finetune.training.failures import CommonError
from finetune.training.group import WorkerGroup
from finetune.training.likelihood import joke_nats
from finetune.training.packing import blank

__all__ = ["HumourTrainer"]


class HumourTrainer(SFTTrainer):
    """Trains on sequences that are packed already (`finetune.training.packing`).

    `SFTTrainer` reads prompts and padding with the whole vocabulary and takes entropy and accuracy
    beside the loss at every step. Here only joke tokens are read with it (`joke_nats`), and nothing
    is taken but the loss. Mixed precision is our own affair: what `accelerate` wraps around a model
    makes float32 copies of all its logits.

    The workers of a `group` go through the same batches in the same order, and each computes its
    part. What `Trainer` does would fill the last batch of an epoch with sequences read twice.
    """

    def __init__(
        self, *, group: WorkerGroup, autocast: Callable[[], torch.autocast], **named: Any
    ) -> None:
        super().__init__(**named)
        self._group = group
        self._autocast = autocast
        if not group.leads:
            # Dropout that is the same for all workers would be less of it.
            torch.manual_seed(self.args.seed + group.rank)

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True) -> Any:
        """In which losses are taken, of training and held-out jokes alike."""
        return self._autocast()

    def get_train_dataloader(self) -> Any:
        """What all workers read at once, in the order in which one alone would read it."""
        if self._group.alone:
            return super().get_train_dataloader()
        rows: Any = self.train_dataset
        loader: DataLoader[Any] = DataLoader(
            rows,
            batch_size=self._train_batch_size * self._group.size,
            sampler=RandomSampler(rows),
            collate_fn=self.own_part,
            pin_memory=self.args.dataloader_pin_memory,
        )
        return prepare_data_loader(
            loader,
            device=self.args.device,
            num_processes=1,
            process_index=0,
            put_on_device=True,
            use_seedable_sampler=True,
            data_seed=self.args.data_seed,
        )

    def own_part(self, rows: Sequence[Any]) -> Any:
        """The batch that this worker computes of what all read at once."""
        own = self._group.share(rows)
        return self.data_collator(list(own) or [blank(self._pad_id)])

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean negative log-likelihood of the joke tokens, in nats.

        `num_items_in_batch` are those of all workers. Gradients of workers are averaged, so the
        part of each counts as often as there are workers. Raises `TrainingError` when it is no
        finite number, before any weight has changed by it.
        """
        nats, _ = joke_nats(model, inputs)
        if num_items_in_batch is None:
            num_items_in_batch = self._group.sum(torch.tensor(len(nats), device=nats.device))
        loss = nats.sum() / num_items_in_batch * self._group.size
        self.stop_unless_finite(loss)
        return loss

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """The held-out rows of this worker."""
        if self._group.alone:
            return super().get_eval_dataloader(eval_dataset)
        rows: Any = self.eval_dataset
        own = rows.select(range(self._group.rank, len(rows), self._group.size))
        return DataLoader(own, batch_size=self.args.eval_batch_size, collate_fn=self.data_collator)

    @torch.no_grad()
    def evaluation_loop(
        self,
        dataloader: Any,
        description: str,
        prediction_loss_only: bool | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> EvalLoopOutput:
        """The mean over all joke tokens of all held-out rows, however they fall into batches.

        Raises `TrainingError` when it is no finite number.
        """
        model: Any = self.model
        model.eval()
        found = torch.zeros(2, dtype=torch.float64, device=self.args.device)
        for batch in dataloader:
            with self.compute_loss_context_manager():
                nats, _ = joke_nats(model, self._prepare_inputs(batch))
            found += torch.stack([nats.double().sum(), found.new_tensor(float(len(nats)))])
        nats, tokens = self._group.sum(found)
        loss = nats / tokens
        self._require_finite(loss)
        rows: Any = self.eval_dataset
        return EvalLoopOutput(
            predictions=None,  # type: ignore[arg-type]
            label_ids=None,
            metrics={f"{metric_key_prefix}_loss": loss.item()},
            num_samples=len(rows),
        )

    def held_out_loss(self) -> float:
        """The loss of the held-out jokes under the model as it is, which nobody else hears of."""
        outcome = self.evaluation_loop(self.get_eval_dataloader(), description="held-out loss")
        return float((outcome.metrics or {})["eval_loss"])

    def stop_unless_finite(self, loss: torch.Tensor) -> None:
        """Raises `TrainingError`.

        Among several workers one alone must not stop: all do at the gradient that they share.
        """
        if self._group.alone:
            self._require_finite(loss)

    def _require_finite(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss).all():
            raise CommonError(
                "The loss is no longer a number; lower learning_rate (or set dtype=float32) and "
                "begin again with --restart."
            )

    @property
    def _pad_id(self) -> int:
        tokenizer: Any = self.processing_class
        return int(tokenizer.eos_token_id)

    def create_model_card(self, *arguments: Any, **named: Any) -> None:
        """Nothing: a checkpoint is no model version, and a version gets a card of its own."""
