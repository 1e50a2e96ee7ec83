"""`python -m finetune train`: make a model version of a recipe and a corpus."""

import os
from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.commands.prepare import TierOption, tier_of
from finetune.commands.teaching import RayOption, ThreadsOption, WorkersOption, teach_showing
from finetune.commands.tied import TiedOption
from finetune.corpus.jokes import CorpusError
from finetune.progress import ProgressStyle
from finetune.recipes.recipe import RecipeError, RetrainingRecipe, read_recipe
from finetune.training.failures import TrainingError
from finetune.training.lesson import Lesson

__all__ = ["train"]


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
    threads: ThreadsOption = 0,
    tied: TiedOption = False,
    workers: WorkersOption = 1,
    ray: RayOption = None,
) -> None:
    """Teach a model jokes and write the result as a verified model version with a report.

    SIGINT and SIGTERM save a checkpoint and end; the same command with --resume goes on exactly
    where it was, also after a crash.
    """
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    chosen = read_recipe(recipe, change or ())
    if isinstance(chosen, RetrainingRecipe):
        raise RecipeError(f"Recipe {recipe} learns from votes: python -m finetune retrain --help")
    from finetune.corpus.preparation import PrepareOptions

    teach_showing(
        Lesson(
            recipe=chosen,
            data=data,
            options=PrepareOptions(tier=tier_of(tier)),
            out=out or Path("models") / Path(recipe).stem,
            parent=parent,
            resume=resume,
            restart=restart,
        ),
        cache=cache or default_cache(os.environ),
        device=device,
        proof=proof,
        progress=progress,
        threads=threads,
        tied=tied,
        workers=workers,
        ray=ray,
    )
