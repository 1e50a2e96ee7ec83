"""One training run: from a prepared corpus and a recipe to the weights with the best loss."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, ProgressCallback, TrainerState, set_seed
from trl.trainer.sft_config import SFTConfig

from finetune.recipes.recipe import Recipe
from finetune.training.checkpoints import (
    BestWeights,
    WholeCheckpoints,
    best_weights,
    forget_torn_checkpoints,
    has_ended,
    last_whole_checkpoint,
)
from finetune.training.compiling import CompiledLayers
from finetune.training.datasets import PackedJokes
from finetune.training.division import Division
from finetune.training.failures import failing_with_a_sentence
from finetune.training.group import WorkerGroup
from finetune.training.interruption import Interruption
from finetune.training.learner import Learner
from finetune.training.packing import collate, on_device
from finetune.training.reporting import Reporter
from finetune.training.samples import sample_jokes
from finetune.training.trainer import HumourTrainer
from finetune.training.unlogged import UnloggedLoss
from finetune.training.watching import SoundGradients, Watching

__all__ = ["Outcome", "TrainingRun"]

_WORTH_COMPILING = 100
"""Batches; docs/performance.md has what compiling the layers of the starter takes and saves."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended: `history` is what was logged.

    A run that a signal ended, `interrupted_by`, has no `best` weights yet.
    """

    best: Path | None
    history: Sequence[dict[str, float]]
    step: int
    interrupted_by: int | None


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """Everything a run needs; `directory` is where its checkpoints live.

    `compiler` is a backend of torch.compile. Each worker of the `group` has a run of its own, with
    the same recipe, jokes and directory, on a file system that they share.
    """

    recipe: Recipe
    learner: Learner
    train: Path
    held_out: Path
    directory: Path
    reporter: Reporter
    compiler: str = "inductor"
    group: WorkerGroup = field(default_factory=WorkerGroup)

    def run(self, *, resume: bool) -> Outcome:
        """Train to the end, or until a signal comes.

        With `resume` it goes on from the newest whole checkpoint exactly as if it had never
        stopped. Raises `TrainingError` and `CorpusError`.
        """
        self.group.once(lambda: forget_torn_checkpoints(self.directory))
        checkpoint = last_whole_checkpoint(self.directory) if resume else None
        with failing_with_a_sentence(kept=self._kept):
            return self._run(checkpoint)

    def _kept(self) -> str:
        checkpoint = last_whole_checkpoint(self.directory)
        if checkpoint is None:
            return "No checkpoint was written yet."
        return f"The last good checkpoint is {checkpoint.name} in {self.directory}."

    def _run(self, checkpoint: Path | None) -> Outcome:
        if checkpoint is not None:
            before = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
            if self._has_ended(before):
                return self._outcome(before, stopped=None)
        set_seed(self.recipe.seed)
        self.reporter.stage("reading the jokes", 0, 0)
        interruption = Interruption(group=self.group)
        trainer = self._trainer(checkpoint)
        for unwanted in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(unwanted)
        for callback in (
            # Before the mark of a whole checkpoint, which comes after everything else in it.
            UnloggedLoss(
                trainer=trainer, run=self.directory, checkpoint=checkpoint, group=self.group
            ),
            WholeCheckpoints(run=self.directory, group=self.group),
            self._keeper(trainer),
            SoundGradients(),
            Watching(reporter=self.reporter, samples=self._samples),
            interruption,
        ):
            trainer.add_callback(callback)
        with interruption.watched():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        return self._outcome(trainer.state, stopped=interruption.signal)

    def _trainer(self, checkpoint: Path | None) -> HumourTrainer:
        packed = self._packed()
        train = packed.of(self.train)
        # What is compiled is compiled for one shape.
        length = self.recipe.sequence_tokens if self._compiled(train) else 0
        return HumourTrainer(
            model=self.learner.model,
            autocast=self.learner.autocast,
            args=self._arguments(len(train)),
            train_dataset=train,
            eval_dataset=packed.of(self.held_out, limit=self.recipe.held_out_jokes),
            processing_class=self.learner.tokenizer,
            data_collator=partial(collate, pad_id=self._pad_id, length=length),
            group=self.group,
        )

    def _compiled(self, rows: Any) -> bool:
        """Whether the layers are compiled now: if the recipe wants it, or the run is long enough.

        Nothing in it comes by chance, so a resumed run finds the same. Layers that forget their
        activations are not compiled.
        """
        recipe, sequences = self.recipe, self._division.sequences
        wanted = recipe.compiled
        if wanted == "auto":
            wanted = len(rows) * recipe.epochs / recipe.sequences >= _WORTH_COMPILING
        if not wanted or recipe.gradient_checkpointing or len(rows) < sequences:
            return False
        self.reporter.stage("compiling the layers", 0, 0)
        batch = on_device(
            list(rows.select(range(sequences))),
            pad_id=self._pad_id,
            device=self.learner.model.device,
            length=recipe.sequence_tokens,
        )
        layers = CompiledLayers(model=self.learner.model, backend=self.compiler)
        return layers.prepare(batch, mixed_precision=self.learner.mixed_precision)

    def _packed(self) -> PackedJokes:
        return PackedJokes(recipe=self.recipe, learner=self.learner)

    @property
    def _division(self) -> Division:
        return Division.of(self.recipe, workers=self.group.size)

    @property
    def _pad_id(self) -> int:
        return int(self.learner.tokenizer.eos_token_id)

    def _keeper(self, trainer: HumourTrainer) -> BestWeights:
        return BestWeights(run=self.directory, patience=self.recipe.patience, group=self.group)

    def _has_ended(self, state: TrainerState) -> bool:
        return has_ended(state, patience=self.recipe.patience)

    def _outcome(self, state: TrainerState, *, stopped: int | None) -> Outcome:
        return Outcome(
            best=None if stopped is not None else best_weights(self.directory),
            history=state.log_history,
            step=state.global_step,
            interrupted_by=stopped,
        )

    def _arguments(self, rows: int, *, eval_on_start: bool = False) -> SFTConfig:
        recipe, part = self.recipe, self._division
        steps = math.ceil(rows / (recipe.sequences * recipe.accumulation))
        return SFTConfig(
            output_dir=str(self.directory),
            per_device_train_batch_size=part.sequences,
            per_device_eval_batch_size=recipe.sequences,
            gradient_accumulation_steps=part.accumulation,
            num_train_epochs=recipe.epochs,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type=recipe.schedule,
            warmup_steps=self._warmup_steps(steps),
            weight_decay=recipe.weight_decay,
            max_grad_norm=recipe.clip,
            optim="adamw_torch_fused",
            bf16=False,
            use_cpu=self.learner.model.device.type == "cpu",
            activation_checkpointing=recipe.gradient_checkpointing,
            eval_strategy="steps",
            eval_on_start=eval_on_start,
            eval_steps=max(1, steps // recipe.evaluations),
            prediction_loss_only=True,
            logging_steps=recipe.log_steps,
            logging_nan_inf_filter=False,
            include_num_input_tokens_seen="all",
            save_strategy="steps",
            save_steps=recipe.checkpoint_steps,
            save_total_limit=2,
            report_to=recipe.trackers or "none",
            disable_tqdm=True,
            seed=recipe.seed,
            data_seed=recipe.seed,
            dataloader_pin_memory=self.learner.model.device.type == "cuda",
            remove_unused_columns=False,
            ddp_find_unused_parameters=False,
            log_level_replica="error",
            max_length=None,
            dataset_kwargs={"skip_prepare_dataset": True},
        )

    def _warmup_steps(self, steps_an_epoch: int) -> int:
        """At most a tenth of all steps, so that a small corpus is not spent on warming up."""
        steps = math.ceil(steps_an_epoch * self.recipe.epochs)
        wanted = self.recipe.warmup_steps
        return min(math.ceil(wanted * steps if wanted < 1 else wanted), max(1, steps // 10))

    def _samples(self, model: Any) -> list[str]:
        if not self.recipe.samples or not self.group.leads:
            return []
        with self.learner.autocast():
            return sample_jokes(
                model,
                self.learner.tokenizer,
                self.learner.template,
                sampling=self.recipe.sampling,
                count=self.recipe.samples,
                seed=self.recipe.seed,
            )
