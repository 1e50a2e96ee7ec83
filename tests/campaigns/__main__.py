"""`make campaign`: kill, flood and soak a real bot with a tiny model, and see what holds."""

import asyncio
import logging
import random
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.machine import describe_machine
from tests.bench.results import timestamp, write_results
from tests.campaigns import bad_days, bot_kills, chats, fairness, flood, soak, votes, worker_kills
from tests.campaigns.outcome import Outcome, outcome_table
from tests.campaigns.stage import Stage, write_tiny_model

_RESULTS = Path("campaign-results")
_SEED_BITS = 32
_SHORTEST_SECONDS = 10.0


class Scenario(StrEnum):
    """What can be tried, in this order."""

    WORKER_KILLS = "worker-kills"
    BOT_KILLS = "bot-kills"
    FLOOD = "flood"
    FAIRNESS = "fairness"
    VOTES = "votes"
    CHATS = "chats"
    BAD_DAYS = "bad-days"
    SOAK = "soak"


_RUNS: Mapping[Scenario, Callable[[Stage], Awaitable[Outcome]]] = {
    Scenario.WORKER_KILLS: worker_kills.run,
    Scenario.BOT_KILLS: bot_kills.run,
    Scenario.FLOOD: flood.run,
    Scenario.FAIRNESS: fairness.run,
    Scenario.VOTES: votes.run,
    Scenario.CHATS: chats.run,
    Scenario.BAD_DAYS: bad_days.run,
    Scenario.SOAK: soak.run,
}
# Shares of the whole time; the soak takes all that is left, but no less than its share.
_SHARES: Mapping[Scenario, float] = {
    Scenario.WORKER_KILLS: 0.25,
    Scenario.BOT_KILLS: 0.25,
    Scenario.FLOOD: 0.05,
    Scenario.FAIRNESS: 0.05,
    Scenario.VOTES: 0.15,
    # These two take as long as 5,000 requests and the platforms' waits take.
    Scenario.CHATS: 0.0,
    Scenario.BAD_DAYS: 0.0,
    Scenario.SOAK: 0.2,
}


def campaign(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long all of it may take.")] = 10.0,
    scenario: Annotated[Scenario | None, typer.Option(help="Only this one.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the same moments.")] = None,
) -> None:
    """Try to break Punchline's promises; ends with status 1 when one was broken."""
    screen, progress = Console(), Console(stderr=True)
    seed = secrets.randbits(_SEED_BITS) if seed is None else seed
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{timestamp()}.json"
    log = path.with_suffix(".log")
    logging.basicConfig(filename=log, level=logging.WARNING)
    # What a worker writes on standard error tells why it died.
    logging.getLogger("punchline.worker").setLevel(logging.DEBUG)

    def say(sentence: str) -> None:
        progress.print(f"{sentence} …", style="dim", highlight=False)

    machine = describe_machine()
    outcomes: dict[str, Outcome] = {}
    ends = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="punchline-") as scratch:
        say("teaching a tiny model")
        model = write_tiny_model(Path(scratch) / "models")
        for each in [scenario] if scenario else Scenario:
            share = 60 * minutes * _SHARES[each]
            if scenario or each is Scenario.SOAK:
                share = max(share, ends - time.monotonic())
            directory = Path(scratch) / each
            directory.mkdir()
            stage = Stage(
                directory=directory,
                model=model,
                seconds=max(_SHORTEST_SECONDS, share),
                log=log,
                random=random.Random(seed),
                say=say,
            )
            outcomes[each] = asyncio.run(_tried(each, stage))
    screen.print(outcome_table(outcomes))
    results = {name: {**vars(outcome), "kept": outcome.kept} for name, outcome in outcomes.items()}
    write_results(path, {"machine": machine, "seed": seed, "minutes": minutes, **results})
    screen.print(f"seed {seed}; what the bot logged: {log}", highlight=False, soft_wrap=True)
    screen.print(str(path), highlight=False, soft_wrap=True)
    if not all(outcome.kept for outcome in outcomes.values()):
        raise typer.Exit(1)


async def _tried(scenario: Scenario, stage: Stage) -> Outcome:
    """The outcome; one that could not be played to its end is broken and tells why."""
    try:
        return await _RUNS[scenario](stage)
    except Exception as error:
        logging.getLogger(__name__).exception("The scenario %s ended early.", scenario)
        sentence = f"It ended early: {type(error).__name__} {error}".rstrip()
        return Outcome(what="", attempted=0, survived=0, figures={}, broken=(sentence,))


if __name__ == "__main__":
    typer.run(campaign)
