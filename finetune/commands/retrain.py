"""`python -m finetune retrain`: make a better version of one and the votes on its jokes."""

import os
from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.commands.teaching import RayOption, ThreadsOption, WorkersOption, teach_showing
from finetune.commands.tied import TiedOption
from finetune.corpus.jokes import CorpusError
from finetune.progress import ProgressStyle
from finetune.recipes.recipe import RecipeError, RetrainingRecipe, read_recipe
from finetune.retraining.votes import VotesError, read_votes
from finetune.training.failures import TrainingError
from finetune.training.lesson import Lesson

__all__ = ["retrain"]


@failing_plainly(
    TrainingError, RecipeError, CorpusError, VotesError, BaseModelError, BrokenVersionError
)
def retrain(
    *,
    votes: Annotated[Path, typer.Option(help="A file of votes, one JSON object a line.")],
    parent: Annotated[str, typer.Option(help="The version to teach further.")],
    data: Annotated[
        list[str], typer.Option(help="A prepared corpus, or raw joke files (may be repeated).")
    ],
    out: Annotated[Path, typer.Option(help="The version to make.")],
    recipe: Annotated[str, typer.Option(help="taste, kto, upvoted, or a .toml with [votes].")] = (
        "taste"
    ),
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change the recipe: votes.beta=0.2")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    proof: Annotated[
        int, typer.Option(min=0, help="Jokes drawn to judge the version by; 0: only its loss.")
    ] = 0,
    resume: Annotated[bool, typer.Option(help="Go on with an unfinished run.")] = False,
    restart: Annotated[bool, typer.Option(help="Lose an unfinished run and begin again.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where base weights are kept.")] = None,
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
    threads: ThreadsOption = 0,
    tied: TiedOption = False,
    workers: WorkersOption = 1,
    ray: RayOption = None,
) -> None:
    """Teach a version what was liked and what was not, without forgetting the jokes it knows.

    SIGINT and SIGTERM save a checkpoint and end; the same command with --resume goes on exactly
    where it was, also after a crash.
    """
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    chosen = read_recipe(recipe, change or ())
    if not isinstance(chosen, RetrainingRecipe):
        raise RecipeError(f"Recipe {recipe} does not learn from votes; it has no section [votes].")
    given = read_votes(votes)
    given.require(liked=chosen.votes.fewest, disliked=chosen.votes.fewest_disliked)
    from finetune.corpus.preparation import PrepareOptions

    teach_showing(
        Lesson(
            recipe=chosen,
            data=data,
            options=PrepareOptions(),
            out=out,
            parent=parent,
            resume=resume,
            restart=restart,
            votes=given,
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
