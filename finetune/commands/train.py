"""`python -m finetune train`: make a model version of a recipe and a corpus."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.commands.prepare import TierOption, tier_of
from finetune.corpus.jokes import CorpusError
from finetune.progress import ProgressStyle, json_line
from finetune.recipes.recipe import RecipeError, read_recipe
from finetune.training.failures import TrainingError

__all__ = ["train"]

_SIGNALLED = 128
"""A shell's exit status for a program that a signal ended, less the signal's number."""


@failing_plainly(TrainingError, RecipeError, CorpusError, BaseModelError, BrokenVersionError)
def train(
    *,
    recipe: Annotated[str, typer.Option(help="A recipe that ships with Punchline, or a .toml.")],
    data: Annotated[
        list[str], typer.Option(help="A prepared corpus, or raw joke files (may be repeated).")
    ],
    out: Annotated[Path | None, typer.Option(help="The version to make (models/RECIPE).")] = None,
    parent: Annotated[str | None, typer.Option(help="A version to teach further.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change the recipe: learning_rate=1e-4")
    ] = None,
    tier: Annotated[TierOption, typer.Option(help="For raw files: what to drop.")] = (
        TierOption.FAMILY
    ),
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    proof: Annotated[
        int, typer.Option(min=0, help="Jokes drawn to judge the version by; 0: only its loss.")
    ] = 1000,
    resume: Annotated[bool, typer.Option(help="Go on with an unfinished run.")] = False,
    restart: Annotated[bool, typer.Option(help="Lose an unfinished run and begin again.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where base weights are kept.")] = None,
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
) -> None:
    """Teach a model jokes and write the result as a verified model version with a report.

    SIGINT and SIGTERM save a checkpoint and end; the same command with --resume goes on exactly
    where it was, also after a crash.
    """
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    chosen = read_recipe(recipe, change or ())
    from finetune.corpus.preparation import PrepareOptions
    from finetune.evaluation.adherence import TOPICS
    from finetune.training.proof import Examiner
    from finetune.training.reporting import BarReporter, JsonReporter
    from finetune.training.teaching import Lesson, Teacher

    lesson = Lesson(
        recipe=chosen,
        data=data,
        options=PrepareOptions(tier=tier_of(tier)),
        out=out or Path("models") / Path(recipe).stem,
        parent=parent,
        resume=resume,
        restart=restart,
    )
    bar = BarReporter() if progress is ProgressStyle.BAR else None
    with bar or nullcontext():
        taught = Teacher(
            cache=cache or default_cache(os.environ),
            device=device,
            examiner=Examiner(jokes=proof, topics=max(1, min(TOPICS, proof // 10))),
            reporter=bar or JsonReporter(),
        ).teach(lesson)
    if taught.version is None:
        if bar:
            typer.echo(
                f"Saved after step {taught.step}; the same command with --resume goes on.", err=True
            )
        raise typer.Exit(_SIGNALLED + (taught.interrupted_by or 0))
    if bar:
        typer.echo(f"{taught.version}: see {taught.version / 'report.html'}")
    else:
        json_line({"stage": "done", "directory": str(taught.version)})
