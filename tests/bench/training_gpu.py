"""`python -m tests.bench.training_gpu`: training on a GPU, with GPT-2 medium's shape.

Its weights are random, which does for speed; its tokens are the starter's. `--small` runs
everything in miniature on whatever machine there is, to see that it works.
"""

import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from finetune.bases import default_cache, locate
from finetune.models import choose_device
from tests.bench.machine import describe_machine
from tests.bench.report import training_table
from tests.bench.results import TrainingRun, timestamp, write_results
from tests.bench.training_contenders import CONTENDERS, TrainingTask
from tests.bench.training_throughput import race

_RESULTS = Path("bench-results")
_JOKES, _EPOCHS = 231_657, 5
"""The experiment this project began with."""

_TOKENS_A_JOKE = 28
"""Of the Short Jokes: 30,000 of them are about 0.85 million tokens of the starter."""


def bench(
    small: Annotated[bool, typer.Option(help="In miniature, to see that it works.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 3,
) -> None:
    """Measure training on a GPU, print tables and write the raw numbers as JSON."""
    screen, progress = Console(), Console(stderr=True)
    if not small and choose_device("auto").type != "cuda":
        typer.echo(
            "There is no CUDA device here; --small shows that the benchmark works.", err=True
        )
        raise typer.Exit(1)
    results: dict[str, Any] = {"machine": describe_machine(), "rounds": rounds}
    base = _RESULTS / "gpt2-shape"
    parameters = _write_base(base, small=small)
    task = TrainingTask(
        base=str(base),
        recipe="gpt2-medium",
        # The 16 sequences of a step at once: a card of this kind has the memory.
        changes=["sequences=2", "accumulation=1", "sequence_tokens=64"]
        if small
        else ["sequences=16", "accumulation=1"],
        steps=4 if small else 30,
    )
    full = [name for name in CONTENDERS if name.startswith("full")]
    run = race(
        task,
        name="a small GPT-2" if small else "GPT-2 medium's shape",
        rounds=rounds,
        contenders=full,
        say=lambda sentence: progress.print(f"{sentence} …", style="dim", highlight=False),
    )
    results["training"] = asdict(run)
    screen.print(training_table(run))
    peak = _matrix_products_a_second(small=small)
    results["flops"] = peak
    for sentence in _sentences(run, parameters=parameters, peak=peak):
        screen.print(sentence, highlight=False)
    results["load_after"] = os.getloadavg()
    path = _RESULTS / f"training-gpu-{timestamp()}.json"
    write_results(path, results)
    screen.print(str(path), highlight=False, soft_wrap=True)


def _write_base(directory: Path, *, small: bool) -> int:
    """Random weights and the starter's tokenizer; the number of weights in matrix products."""
    starter = locate("starter", cache=default_cache(os.environ))
    if starter is None:
        typer.echo(
            "The starter is not ready here; run python -m tests.bench --only training first.",
            err=True,
        )
        raise typer.Exit(1)
    tokenizer: Any = AutoTokenizer.from_pretrained(starter)  # type: ignore[no-untyped-call]
    width, layers, heads = (64, 2, 4) if small else (1024, 24, 16)
    config = GPT2Config(
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    shutil.rmtree(directory, ignore_errors=True)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    # The embedding of tokens is counted as the head it also is, that of positions not at all.
    return sum(weight.numel() for weight in model.parameters()) - width * config.n_positions


def _matrix_products_a_second(*, small: bool) -> float:
    """The floating-point operations a second of large bfloat16 products, the best of some."""
    device = choose_device("auto")
    size, times = (512, 3) if small else (8192, 20)
    one, other = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(times):
        _finish(device)
        began = time.perf_counter()
        one @ other
        _finish(device)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _sentences(run: TrainingRun, *, parameters: int, peak: float) -> list[str]:
    """Utilisation counts six operations a weight and token, and leaves attention out."""
    ours = sorted(each.speeds["full: Punchline"].tokens for each in run.rounds)
    tokens = ours[len(ours) // 2]
    hours = _JOKES * _EPOCHS * _TOKENS_A_JOKE / tokens / 3600
    return [
        f"Large bfloat16 products reach {peak / 1e12:,.2f} TFLOP/s; model FLOP utilisation of "
        f"Punchline {100 * 6 * parameters * tokens / peak:.1f} %.",
        f"{_JOKES:,} jokes of {_TOKENS_A_JOKE} tokens, {_EPOCHS} epochs: {hours:,.2f} hours.",
    ]


if __name__ == "__main__":
    typer.run(bench)
