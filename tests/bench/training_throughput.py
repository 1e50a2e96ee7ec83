"""Tokens a second of a training step, next to TRL's `SFTTrainer` as it comes."""

import csv
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import (
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.utils.logging import disable_progress_bar
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from finetune.corpus.jokes import CorpusJoke
from finetune.models import choose_device, choose_dtype
from finetune.recipes.recipe import Recipe, read_recipe
from finetune.training.examples import Examples
from finetune.training.learner import Learner, learner
from finetune.training.packing import collate, pack
from finetune.training.trainer import HumourTrainer
from tests.bench.results import TrainingRound, TrainingRun

__all__ = ["CONTENDERS", "measure_training"]

_JOKES = Path(__file__).parents[2] / "finetune" / "demo" / "jokes.csv"
_STEPS = 4
"""Steps of one measurement; the first of them only warms up."""

CONTENDERS: dict[str, dict[str, Any]] = {
    "Punchline": {"trainer": HumourTrainer, "checkpointing": False},
    "SFTTrainer, no activation checkpointing": {"trainer": SFTTrainer, "checkpointing": False},
    "SFTTrainer, its defaults": {"trainer": SFTTrainer, "checkpointing": True},
}
"""All train the same weights in the same way on the same packed sequences."""


class _Stopwatch(TrainerCallback):
    """Remembers how long each step took, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began = 0.0

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._began = time.perf_counter()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.seconds.append(time.perf_counter() - self._began)


def measure_training(
    directory: Path, *, name: str, rounds: int, say: Callable[[str], None]
) -> TrainingRun:
    """Alternate all, in turned order in every second round, with the recipe of the starter."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    recipe = read_recipe("starter")
    device = choose_device("auto")
    dtype = choose_dtype(recipe.dtype, device)
    measured = []
    for number in range(1, rounds + 1):
        order = list(CONTENDERS) if number % 2 else list(reversed(CONTENDERS))
        speeds: dict[str, float] = {}
        for contender in order:
            say(f"training throughput, round {number} of {rounds}: {contender}")
            pupil = learner(
                recipe, base_directory=directory, parent=None, device=device, dtype=dtype
            )
            speeds[contender] = _tokens_a_second(recipe, pupil, **CONTENDERS[contender])
        measured.append(TrainingRound(tokens_per_second=speeds))
    return TrainingRun(
        model=name,
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        sequence_tokens=recipe.sequence_tokens,
        rounds=measured,
    )


def _tokens_a_second(
    recipe: Recipe, pupil: Learner, *, trainer: type[SFTTrainer], checkpointing: bool
) -> float:
    rows = _rows(recipe, pupil)
    stopwatch = _Stopwatch()
    with tempfile.TemporaryDirectory() as output:
        training = trainer(
            model=pupil.model,
            args=SFTConfig(
                output_dir=output,
                max_steps=_STEPS,
                per_device_train_batch_size=recipe.sequences,
                learning_rate=recipe.learning_rate,
                bf16=pupil.mixed_precision,
                use_cpu=pupil.model.device.type == "cpu",
                activation_checkpointing=checkpointing,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                dataloader_pin_memory=False,
                remove_unused_columns=False,
                max_length=None,
                dataset_kwargs={"skip_prepare_dataset": True},
            ),
            train_dataset=rows,
            processing_class=pupil.tokenizer,
            data_collator=partial(collate, pad_id=pupil.tokenizer.eos_token_id),
            callbacks=[stopwatch],
        )
        training.remove_callback(PrinterCallback)
        training.train()
    tokens = sum(map(len, rows["input_ids"])) / len(rows) * recipe.sequences
    return float(tokens / statistics.median(stopwatch.seconds[1:]))


def _rows(recipe: Recipe, pupil: Learner) -> Any:
    """Enough packed sequences for all steps."""
    with _JOKES.open(encoding="utf-8", newline="") as file:
        jokes = [CorpusJoke(text=row["Joke"]) for row in csv.DictReader(file)]
    examples = Examples(tokenizer=pupil.tokenizer, template=pupil.template, topic_share=0.0, seed=0)
    enough = islice(cycle(list(examples.of(jokes))), recipe.sequences * _STEPS * 8)
    packed = pack(enough, length=recipe.sequence_tokens, together=True)
    return Dataset.from_dict(packed.columns()).select(range(recipe.sequences * _STEPS))
