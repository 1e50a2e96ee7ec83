"""`python -m finetune memory`: what a training run needs, before it is started."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.memory.choices import Dtype, Method, Optimizer
from finetune.memory.failures import MeasurementError
from finetune.progress import progress_bar

if TYPE_CHECKING:
    from finetune.memory.capacity import Capacity
    from finetune.memory.estimate import Estimate

__all__ = ["memory"]


@failing_plainly(BaseModelError, BrokenVersionError, MeasurementError)
def memory(
    *,
    base: Annotated[str, typer.Option(help="starter, a hub id, a directory or a .gguf file")],
    method: Annotated[Method, typer.Option(help="Train all weights or an adapter.")] = Method.LORA,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter.")] = 16,
    batch: Annotated[int, typer.Option(min=1, help="Sequences computed at once.")] = 8,
    length: Annotated[int, typer.Option(min=1, help="Tokens in a sequence.")] = 512,
    dtype: Annotated[Dtype, typer.Option(help="What is measured.")] = Dtype.AUTO,
    gradient_checkpointing: Annotated[
        bool, typer.Option(help="Compute layers again instead of keeping them.")
    ] = False,
    optimizer: Annotated[Optimizer, typer.Option()] = Optimizer.ADAMW,
    measure: Annotated[
        bool | None,
        typer.Option(help="Compute two steps and see; by default where there is a GPU."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    cache: Annotated[Path | None, typer.Option(help="Where base weights are kept.")] = None,
) -> None:
    """Estimate the peak memory of a training run from the base's configuration alone."""
    import torch

    from finetune.memory import measurement
    from finetune.memory.capacity import GIB, here
    from finetune.memory.configurations import configuration
    from finetune.memory.estimate import estimate
    from finetune.memory.plan import Plan
    from finetune.models import choose_device, choose_dtype, quiet_transformers

    quiet_transformers()
    place = choose_device(device)
    computed = choose_dtype(dtype.value, place)
    plans = {
        name: Plan(
            method=method,
            rank=rank,
            batch=batch,
            length=length,
            dtype=precision,
            gradient_checkpointing=gradient_checkpointing,
            optimizer=optimizer,
        )
        for name, precision in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
    }
    with progress_bar(f"reading {base}") as show:
        config = configuration(base, cache=cache or default_cache(os.environ), progress=show)
        show("estimating", 0, 0)
        on_cards = {
            name: estimate(config, plan, fused_attention=True) for name, plan in plans.items()
        }
        on_place = on_cards
        if place.type == "cpu":
            on_place = {
                name: estimate(config, plan, fused_attention=False) for name, plan in plans.items()
            }
        taken = None
        chosen = str(computed).removeprefix("torch.")
        if place.type == "cuda" if measure is None else measure:
            show("measuring two steps", 0, 0)
            taken = measurement.measure(config, plans[chosen], device=place)
    console = Console()
    console.print(_table(on_cards, on_place, here(place), title=f"{base}, {method}"))
    console.print(_explanation(on_cards["float32"]), style="dim")
    if taken is not None:
        console.print(
            f"Measured here in {chosen}: {taken / GIB:.2f} GB "
            f"(estimated {on_place[chosen].total / GIB:.2f} GB).",
            highlight=False,
        )


def _table(
    on_cards: "Mapping[str, Estimate]",
    on_place: "Mapping[str, Estimate]",
    place: "Capacity",
    *,
    title: str,
) -> Table:
    """What the memory holds, then where it fits; a column for each precision."""
    from finetune.memory.capacity import CARDS, GIB, card

    table = Table(title=f"Peak memory of training {title}", title_justify="left")
    table.add_column("GB on a GPU")
    for name in on_cards:
        table.add_column(name, justify="right")
    columns = [estimated.parts() for estimated in on_cards.values()]
    for part in columns[0]:
        table.add_row(part, *(f"{column[part] / GIB:.2f}" for column in columns))
    table.add_section()
    totals = {name: estimated.total for name, estimated in on_cards.items()}
    table.add_row("total", *(f"{total / GIB:.2f}" for total in totals.values()), style="bold")
    table.add_section()
    for size in CARDS:
        capacity = card(size)
        table.add_row(capacity.name, *(capacity.fit(total) for total in totals.values()))
    table.add_section()
    table.add_row(
        f"{place.name} ({place.size / GIB:.0f} GB)",
        *(
            f"{estimated.total / GIB:.2f}, {place.fit(estimated.total)}"
            for estimated in on_place.values()
        ),
    )
    return table


def _explanation(estimated: "Estimate") -> str:
    return (
        f"{estimated.parameters:,} weights, of which {estimated.trained:,} are trained. "
        "Tight: it may fit, but libraries and fragments come on top. "
        "bfloat16 computes in it; weights that are trained stay in float32."
    )
