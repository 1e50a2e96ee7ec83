"""`python -m tests.campaigns.crowds`: crowds with a hidden taste, and real ratings.

Apart from the other campaigns, because the real starter learns here and that takes its time: some
20 minutes a taste on two cores.
"""

import asyncio
import logging
import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import LearningSettings, Settings, TrainingSettings
from finetune.gate.ranking import CHANCE
from finetune.moderation import Moderator
from tests.bench.machine import describe_machine
from tests.bench.results import timestamp, write_results
from tests.campaigns.crowds.figures import Growth, promises_broken
from tests.campaigns.crowds.play import Plan, play
from tests.campaigns.crowds.ratings import chosen_votes, read_ratings, split_votes
from tests.campaigns.crowds.rules import HiddenTaste
from tests.campaigns.crowds.tables import LEGEND, growth_table, ratings_table

_RESULTS = Path("campaign-results")
_SEED_BITS = 32
_RECIPE = TrainingSettings().recipe

program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@program.command("crowds")
def play_crowds(
    *,
    taste: Annotated[
        list[HiddenTaste] | None, typer.Option(help="Only this hidden taste; may be repeated.")
    ] = None,
    votes: Annotated[int, typer.Option(min=1, help="Votes until the retrain.")] = 500,
    votes_each: Annotated[int, typer.Option(min=1, max=5, help="Votes on one joke.")] = 2,
    jokes: Annotated[
        int, typer.Option(min=10, help="Jokes told, and raw, for each measurement.")
    ] = 200,
    recipe: Annotated[str, typer.Option(help="How votes are learned from.")] = _RECIPE,
    retrain: Annotated[bool, typer.Option(help="Retrain at all; else only taste learns.")] = True,
    taste_model: Annotated[
        bool, typer.Option(help="Let the taste model choose; else the control arm.")
    ] = True,
    crowd_decides: Annotated[
        bool, typer.Option(help="Let the trial's votes decide; else it is decided at once.")
    ] = False,
    saboteurs: Annotated[
        bool, typer.Option(help="A fifth means the opposite, and so does a clique's half of votes.")
    ] = False,
    corpus: Annotated[
        Path | None, typer.Option(help="Jokes read along; the shipped ones if not given.")
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Processor threads of the trainer.")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the crowd's choices.")] = None,
) -> None:
    """Let crowds vote by a hidden taste, and see whether they hear more of it.

    Ends with status 1 when a promise was broken.
    """
    screen, progress = Console(), Console(stderr=True)
    seed = secrets.randbits(_SEED_BITS) if seed is None else seed
    path = _RESULTS / f"crowds-{timestamp()}.json"
    path.parent.mkdir(exist_ok=True)
    logging.basicConfig(filename=path.with_suffix(".log"), level=logging.INFO)

    def say(sentence: str) -> None:
        progress.print(f"{sentence} …", style="dim", highlight=False)

    machine = describe_machine()
    found: dict[str, Growth] = {}
    for each in taste or HiddenTaste:
        with tempfile.TemporaryDirectory(prefix="punchline-crowd-") as directory:
            settings = _settings(
                Path(directory),
                recipe=recipe,
                taste_model=taste_model,
                votes=votes,
                corpus=corpus,
                threads=threads,
            )
            plan = Plan(
                taste=each,
                votes=votes,
                votes_each=votes_each,
                jokes=jokes,
                sabotaged=saboteurs,
                retrain=retrain,
                crowd_decides=crowd_decides,
                seed=seed,
                settings=settings,
            )
            found[each] = asyncio.run(play(plan, say=say))
        screen.print(growth_table(found[each]))
        kept = {name: growth.to_json() for name, growth in found.items()}
        write_results(path, {"machine": machine, "seed": seed, "crowds": kept})
    screen.print(LEGEND, style="dim")
    screen.print(str(path), highlight=False, soft_wrap=True)
    if any(promises_broken(growth) for growth in found.values()):
        raise typer.Exit(1)


@program.command("ratings")
def learn_ratings(
    *,
    ratings: Annotated[
        Path, typer.Option(help="A JSON list of jokes, each with body and rating (1 to 5).")
    ],
    votes: Annotated[int, typer.Option(min=20, help="Votes to learn from, at most.")] = 1000,
    held_out: Annotated[float, typer.Option(min=0.05, max=0.5, help="Share to judge by.")] = 0.3,
    recipe: Annotated[str, typer.Option(help="How votes are learned from.")] = _RECIPE,
    corpus: Annotated[
        Path | None, typer.Option(help="A prepared corpus; the shipped jokes if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which votes, if not all.")] = 1,
) -> None:
    """Learn from the ratings of real jokes; ends with status 1 when nothing was learned."""
    from tests.campaigns.crowds.rated_lesson import rated_lesson

    screen = Console()
    machine = describe_machine()
    chosen = chosen_votes(read_ratings(ratings), moderator=Moderator.load())
    split = split_votes(chosen, held_out=held_out, most=votes, seed=seed)
    cache = Settings().model.cache_directory
    with tempfile.TemporaryDirectory(prefix="punchline-ratings-") as directory:
        lesson = rated_lesson(
            split, directory=Path(directory), corpus=corpus, recipe=recipe, cache=cache
        )
    screen.print(ratings_table(lesson, recipe=recipe))
    path = _RESULTS / f"ratings-{timestamp()}.json"
    write_results(path, {"machine": machine, "seed": seed, "ratings": lesson.to_json()})
    screen.print(str(path), highlight=False, soft_wrap=True)
    if lesson.learned is None or lesson.learned.value <= CHANCE:
        raise typer.Exit(1)


def _settings(
    directory: Path,
    *,
    recipe: str,
    taste_model: bool,
    votes: int,
    corpus: Path | None,
    threads: int,
) -> Settings:
    """As they ship, but for quotas: these members ask in minutes what others ask in weeks."""
    fewest = min(votes, LearningSettings().minimum_votes)
    return Settings.model_validate(
        {
            "store": {"directory": directory / "data"},
            "quota": {"member_jokes": 0, "community_jokes": 0},
            "taste": {"enabled": taste_model},
            "learning": {"minimum_votes": fewest},
            "training": {"recipe": recipe, "corpus": corpus, "threads": threads},
        }
    )


if __name__ == "__main__":
    program()
