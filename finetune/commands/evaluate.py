"""`python -m finetune evaluate`: how good model versions are, with intervals, beside real jokes."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.corpus.jokes import CorpusError
from finetune.progress import ProgressStyle, json_line, reporting

__all__ = ["evaluate"]

_WIDE = 160
"""Columns of a table that goes into a file, where nothing folds it."""


@failing_plainly(BaseModelError, BrokenVersionError, CorpusError)
def evaluate(
    versions: Annotated[
        list[str], typer.Argument(metavar="VERSION...", help="Version directories or base names.")
    ],
    *,
    data: Annotated[
        Path, typer.Option(help="A prepared corpus, or a .jsonl file of held-out jokes.")
    ],
    against: Annotated[
        str | None, typer.Option(help="A version or base to compare with, for example starter.")
    ] = None,
    jokes: Annotated[int, typer.Option(min=2, help="Jokes to draw and judge.")] = 1000,
    topics: Annotated[int, typer.Option(min=1, max=100, help="Topics to draw jokes about.")] = 100,
    limit: Annotated[
        int, typer.Option(min=0, help="Held-out jokes to take the loss over; 0 means all.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same figures.")] = 0,
    out: Annotated[Path, typer.Option(help="Where figures and jokes are saved.")] = Path(
        "evaluation.json"
    ),
    cache: Annotated[
        Path | None, typer.Option(help="Where base weights are kept [the user's cache].")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
) -> None:
    """Measure versions and print a table: loss, shape, diversity, copying, offence, topics.

    Every figure has a 95 % bootstrap interval, and stands beside the same figure for real jokes.
    """
    os.environ["TQDM_DISABLE"] = "1"
    from finetune.evaluation.held_out import open_held_out

    held_out = open_held_out(data)
    # Before hours of work, not after them.
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(out))
    from finetune.evaluation.examination import Examination
    from finetune.evaluation.measure import Measure
    from finetune.evaluation.result import write_comparison
    from finetune.evaluation.table import evaluation_table
    from finetune.models import choose_device, choose_dtype
    from finetune.moderation import Moderator

    chosen = choose_device(device)
    with reporting(progress, "reading") as show:
        examination = Examination(
            measure=Measure(
                held_out=held_out,
                moderator=Moderator.load(),
                jokes=jokes,
                topics=topics,
                loss_jokes=limit or None,
                seed=seed,
                progress=show,
            ),
            cache=cache or default_cache(os.environ),
            device=chosen,
            dtype=choose_dtype(dtype, chosen),
        )
        comparison = examination.of(versions, other=against)
    settings = {
        "held_out": str(data),
        "held_out_jokes": len(held_out.jokes),
        "loss_jokes": min(limit or len(held_out.jokes), len(held_out.jokes)),
        "topics": topics,
        "seed": seed,
    }
    write_comparison(out, comparison, settings=settings)
    if progress is ProgressStyle.JSON:
        figures = {each.name: each.to_json()["figures"] for each in comparison.everything}
        json_line({"stage": "done", "out": str(out), "figures": figures})
        return
    Console(width=None if sys.stdout.isatty() else _WIDE).print(evaluation_table(comparison))
    typer.echo(f"Saved with the jokes: {out}")
