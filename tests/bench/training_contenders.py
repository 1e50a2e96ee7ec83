"""Ways to train the same weights on the same jokes; each is measured in a process of its own.

A speed counts joke tokens, the end of each joke among them: neither what stands before a joke nor
padding counts for anybody. The first step warms up.
"""

import csv
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, pairwise
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
    get_linear_schedule_with_warmup,
)
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from finetune.corpus.jokes import CorpusJoke
from finetune.models import choose_device, choose_dtype
from finetune.recipes.recipe import Recipe, read_recipe
from finetune.training.datasets import PackedJokes
from finetune.training.examples import Example, Examples
from finetune.training.learner import Learner, learner
from finetune.training.packing import IGNORED, on_device
from finetune.training.reporting import TrainingStep
from finetune.training.run import TrainingRun
from tests.bench.results import TrainingSpeed

__all__ = ["CONTENDERS", "TrainingTask"]

_JOKES = Path(__file__).parents[2] / "finetune" / "demo" / "jokes.csv"


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """The base, a recipe with changes, and how many steps of it are taken."""

    base: str
    recipe: str
    changes: Sequence[str]
    steps: int

    def for_method(self, method: str) -> Recipe:
        """The recipe, with nothing but steps, and compiled as a run of some length would be."""
        quiet = ["trackers=[]", "samples=0", "checkpoint_steps=100000", "held_out_jokes=16"]
        whole = ["epochs=1", "evaluations=1", "compiled=true"]
        return read_recipe(self.recipe, [*self.changes, *quiet, *whole, f"method={method}"])


class _Clock:
    """Hears of a run (a `Reporter`) or is told, and remembers when each step ended."""

    def __init__(self) -> None:
        self.ends = [time.perf_counter()]

    def stage(self, name: str, step: int, of: int) -> None:
        """Compiling is a part of getting ready."""

    def training(self, now: TrainingStep) -> None:
        self.ends.append(time.perf_counter())

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """None are drawn here."""

    def seconds(self) -> list[float]:
        """What each step took; the first with everything before it."""
        return [end - start for start, end in pairwise(self.ends)]


def ours(task: TrainingTask, *, method: str) -> TrainingSpeed:
    """What `finetune train` does between loading the model and publishing the version."""
    recipe, pupil = _pupil(task, method=method)
    with tempfile.TemporaryDirectory() as place:
        corpus = _written(task, recipe, pupil, Path(place))
        rows = PackedJokes(recipe=recipe, learner=pupil).of(corpus)
        clock = _Clock()
        TrainingRun(
            recipe=recipe,
            learner=pupil,
            train=corpus,
            held_out=corpus,
            directory=Path(place),
            reporter=clock,
        ).run(resume=False)
    # The held-out loss and the weights it keeps come with the last step.
    first, *steps, _ = clock.seconds()
    return _of_packed(recipe, rows, first=first, steps=steps)


def compiled_loop(task: TrainingTask, *, method: str) -> TrainingSpeed:
    """A bare loop over the same sequences with the whole model compiled (torch.compile)."""
    recipe, pupil = _pupil(task, method=method)
    with tempfile.TemporaryDirectory() as place:
        corpus = _written(task, recipe, pupil, Path(place))
        rows = PackedJokes(recipe=recipe, learner=pupil).of(corpus)
    device = pupil.model.device
    trained = [weights for weights in pupil.model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, fused=True)
    clock = _Clock()
    model = torch.compile(pupil.model.train(), dynamic=False)
    starts = iter(range(0, len(rows), recipe.sequences))
    for _ in range(task.steps):
        for _ in range(recipe.accumulation):
            start = next(starts)
            batch = on_device(
                list(rows.select(range(start, start + recipe.sequences))),
                pad_id=pupil.tokenizer.eos_token_id,
                device=device,
                length=recipe.sequence_tokens,
            )
            with torch.autocast(device.type, torch.bfloat16, enabled=pupil.mixed_precision):
                loss = model(**batch, use_cache=False).loss / recipe.accumulation
            loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        clock.ends.append(time.perf_counter())
    first, *steps = clock.seconds()
    return _of_packed(recipe, rows, first=first, steps=steps)


def first_loop(task: TrainingTask) -> TrainingSpeed:
    """The loop this project began with: one sequence of up to 400 tokens at once, in float32.

    The gradients of 16 sequences make a step of AdamW with linear warm-up; jokes in a sequence see
    each other. A step takes 16 times as long as a sequence, and the optimizer.
    """
    length, accumulation = 400, 16
    _, pupil = _pupil(task, method="full")
    model, device = pupil.model.train(), pupil.model.device
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5)
    scheduler = get_linear_schedule_with_warmup(
        optimizer, num_warmup_steps=5000, num_training_steps=-1
    )
    examples = cycle(_examples(pupil))
    sequences, updates, joke_tokens, tokens = [], [], 0, 0
    waiting = next(examples)
    clock = _Clock()
    for number in range(task.steps + 1):
        ids: list[int] = []
        jokes = 0
        while len(ids) + len(waiting) <= length:
            ids += [*waiting.prompt, *waiting.joke]
            jokes += len(waiting.joke)
            waiting = next(examples)
        began = time.perf_counter()
        batch = torch.tensor([ids], device=device)
        loss = model(batch, labels=batch).loss
        loss.backward()
        loss.item()
        computed = time.perf_counter()
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()
        clock.ends.append(time.perf_counter())
        if number:
            sequences.append(computed - began)
            updates.append(clock.ends[-1] - computed)
            joke_tokens += jokes
            tokens += len(ids)
    seconds = sum(sequences) + sum(updates) / accumulation
    return TrainingSpeed(
        joke_tokens=joke_tokens / seconds,
        tokens=tokens / seconds,
        padding=0.0,
        ready_seconds=clock.seconds()[0],
    )


def sft_trainer(task: TrainingTask) -> TrainingSpeed:
    """TRL's `SFTTrainer` with its defaults: a joke a row, eight rows at once, padded."""
    _, pupil = _pupil(task, method="full")
    examples = _examples(pupil)
    # It adds the end of a text itself.
    texts = [pupil.tokenizer.decode([*each.prompt, *each.joke[:-1]]) for each in examples]
    clock = _Clock()
    steps = 3 * task.steps
    with tempfile.TemporaryDirectory() as output:
        trainer = SFTTrainer(
            model=pupil.model,
            args=SFTConfig(
                output_dir=output,
                max_steps=steps,
                use_cpu=pupil.model.device.type == "cpu",
                dataloader_pin_memory=pupil.model.device.type == "cuda",
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict({"text": texts}),
            processing_class=pupil.tokenizer,
            callbacks=[_Told(clock)],
        )
        trainer.remove_callback(PrinterCallback)
        rows = trainer.args.per_device_train_batch_size
        clock.ends = [time.perf_counter()]
        trainer.train()
    first, *rest = clock.seconds()
    jokes = rows * len(rest) / len(examples)
    return TrainingSpeed(
        joke_tokens=jokes * sum(len(each.joke) for each in examples) / sum(rest),
        tokens=jokes * sum(map(len, examples)) / sum(rest),
        padding=_padding_of_rows([len(each) for each in examples], rows=rows),
        ready_seconds=first,
    )


class _Told(TrainerCallback):
    """Tells a clock when a step ended."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._clock.ends.append(time.perf_counter())


CONTENDERS: dict[str, Callable[[TrainingTask], TrainingSpeed]] = {
    "LoRA: Punchline": lambda task: ours(task, method="lora"),
    "LoRA: bare compiled loop": lambda task: compiled_loop(task, method="lora"),
    "full: Punchline": lambda task: ours(task, method="full"),
    "full: bare compiled loop": lambda task: compiled_loop(task, method="full"),
    "full: SFTTrainer as it comes": sft_trainer,
    "full: the loop this project began with": first_loop,
}


def _pupil(task: TrainingTask, *, method: str) -> tuple[Recipe, Learner]:
    recipe = task.for_method(method)
    device = choose_device("auto")
    pupil = learner(
        recipe,
        base_directory=Path(task.base),
        parent=None,
        device=device,
        dtype=choose_dtype(recipe.dtype, device),
    )
    return recipe, pupil


def _jokes() -> list[CorpusJoke]:
    with _JOKES.open(encoding="utf-8", newline="") as file:
        return [CorpusJoke(text=row["Joke"]) for row in csv.DictReader(file)]


def _examples(pupil: Learner) -> list[Example]:
    examples = Examples(tokenizer=pupil.tokenizer, template=pupil.template, topic_share=0.0, seed=0)
    return list(examples.of(_jokes()))


def _written(task: TrainingTask, recipe: Recipe, pupil: Learner, directory: Path) -> Path:
    """A prepared file with enough jokes for all steps and one more."""
    wanted = (task.steps + 1) * recipe.sequences * recipe.accumulation * recipe.sequence_tokens
    mean = sum(map(len, _examples(pupil))) / len(_jokes())
    jokes = cycle(_jokes())
    lines = (json.dumps(next(jokes).to_json()) + "\n" for _ in range(math.ceil(wanted / mean)))
    path = directory / "train.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _of_packed(recipe: Recipe, rows: Any, *, first: float, steps: Sequence[float]) -> TrainingSpeed:
    sequences = recipe.sequences * recipe.accumulation
    a_step = sequences * len(steps) / len(rows) / sum(steps)
    joke_tokens = sum(label != IGNORED for labels in rows["labels"] for label in labels)
    tokens = sum(map(len, rows["input_ids"]))
    return TrainingSpeed(
        joke_tokens=joke_tokens * a_step,
        tokens=tokens * a_step,
        padding=1 - tokens / (len(rows) * recipe.sequence_tokens),
        ready_seconds=first,
    )


def _padding_of_rows(lengths: Sequence[int], *, rows: int) -> float:
    batches = list(_cut(lengths, rows))
    return 1 - sum(lengths) / sum(len(batch) * max(batch) for batch in batches)


def _cut(lengths: Sequence[int], rows: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(lengths), rows):
        yield lengths[start : start + rows]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    found = CONTENDERS[asked.pop("contender")](TrainingTask(**asked))
    sys.stdout.write("\n" + json.dumps(asdict(found)))
