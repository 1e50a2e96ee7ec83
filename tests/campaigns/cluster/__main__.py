"""`make campaign-cluster`: two bots on PostgreSQL and a Ray of several nodes, while things die."""

import asyncio
import contextlib
import logging
import random
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.store.identity import member_key
from tests.bench.machine import describe_machine
from tests.bench.report import ray_table
from tests.bench.results import timestamp, write_results
from tests.campaigns.cluster.audience import Audience, places_of
from tests.campaigns.cluster.blows import Striker
from tests.campaigns.cluster.bots import Bots
from tests.campaigns.cluster.course import Course
from tests.campaigns.cluster.kept import Kept
from tests.campaigns.cluster.ledger import Ledger
from tests.campaigns.cluster.nodes import Nodes
from tests.campaigns.cluster.overhead import measured_overhead
from tests.campaigns.cluster.picture import draw
from tests.campaigns.cluster.plan import Plan
from tests.campaigns.cluster.timeline import Timeline
from tests.campaigns.cluster.verdict import outcome_of
from tests.campaigns.outcome import Outcome, outcome_table
from tests.campaigns.stage import Stage, write_tiny_model
from tests.platforms.discord.server import DiscordServer
from tests.postgres import PostgresServer

_RESULTS = Path("campaign-results")
_DURABLE = ("max_connections = 100",)
_SETTINGS: Mapping[str, str | float] = {
    "generation.where": "ray",
    "generation.candidates": 1,
    "generation.max_tokens": 40,
    # Three replicas, two bots, a database and a Discord share the cores of one machine.
    "generation.heartbeat_seconds": 30.0,
    "ray.max_replicas": 3,
    "ray.max_ongoing_requests": 8,
    "ray.target_ongoing_requests": 6.0,
    "ray.upscale_delay_seconds": 10.0,
    "ray.downscale_delay_seconds": 60.0,
    "queue.capacity": 256,
    "queue.deadline_seconds": 120.0,
    "quota.member_jokes": 0,
    "quota.community_jokes": 0,
    # What comes from the shelf is no work for replicas, and a reaction is never acknowledged.
    "shelf.enabled": False,
    "community.vote_style": "buttons",
    "discord.presence": False,
}


def campaign(  # noqa: PLR0917 - options have no order
    jokes: Annotated[int, typer.Option(min=50, help="That are told.")] = 5_000,
    votes: Annotated[int, typer.Option(min=0, help="That are acknowledged.")] = 20_000,
    members: Annotated[int, typer.Option(min=10, help="Who ask and vote.")] = 500,
    communities: Annotated[int, typer.Option(min=2, help="In which they are.")] = 50,
    at_once: Annotated[int, typer.Option(min=1, help="Who ask at the same time.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="Repeat the same moments.")] = 1,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="A model of 100,000 weights, to try the campaign itself.")
    ] = False,
    overhead: Annotated[
        int, typer.Option(min=0, help="Rounds of Ray against a worker here; 0 for none.")
    ] = 3,
) -> None:
    """Try to break what Punchline promises past one machine; status 1 when something broke."""
    screen, progress = Console(), Console(stderr=True)
    plan = Plan(jokes=jokes, votes=votes, members=members, communities=communities, at_once=at_once)
    _RESULTS.mkdir(exist_ok=True)
    path = (_RESULTS / f"{timestamp()}-cluster.json").resolve()
    # Whoever ends it wants what it has started to end, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(filename=path.with_suffix(".log"), level=logging.WARNING)

    def say(sentence: str) -> None:
        progress.print(f"{sentence} …", style="dim", highlight=False)

    results: dict[str, Any] = {"machine": describe_machine(), "seed": seed, "plan": asdict(plan)}
    # Short, because Ray and PostgreSQL make sockets in it.
    with tempfile.TemporaryDirectory(prefix="punchline-", dir="/tmp") as scratch:
        stage = Stage(
            directory=Path(scratch),
            model=write_tiny_model(Path(scratch) / "models") if tiny else Path("starter"),
            seconds=0.0,
            log=path.with_suffix(".log"),
            random=random.Random(seed),
            say=say,
        )
        if overhead:
            cost = measured_overhead(stage, tiny=tiny, rounds=overhead)
            results["overhead"] = cost.figures()
            screen.print(ray_table(cost.rounds))
        outcome = asyncio.run(_played(plan, stage, timeline=path.with_suffix(".jsonl")))
    results["cluster"] = {**vars(outcome), "kept": outcome.kept}
    write_results(path, results)
    draw(path.with_suffix(".jsonl"), path.with_suffix(".svg"))
    screen.print(outcome_table({"cluster": outcome}))
    screen.print(f"seed {seed}; {path} and beside it .jsonl, .svg, .log", soft_wrap=True)
    if not outcome.kept:
        raise typer.Exit(1)


async def _played(plan: Plan, stage: Stage, *, timeline: Path) -> Outcome:
    stage.say("starting PostgreSQL and Ray")
    postgres = await asyncio.to_thread(lambda: PostgresServer(settings=_DURABLE))
    try:
        directory = stage.directory / "r"
        directory.mkdir()
        nodes = await asyncio.to_thread(Nodes, directory)
        try:
            return await _on(plan, stage, postgres, nodes, timeline)
        finally:
            await asyncio.to_thread(nodes.close)
    finally:
        await asyncio.to_thread(postgres.close)


async def _on(
    plan: Plan, stage: Stage, postgres: PostgresServer, nodes: Nodes, path: Path
) -> Outcome:
    url = await asyncio.to_thread(postgres.new_database)
    # Of their own, since members draw as answers come, which no seed decides.
    blows = random.Random(stage.random.getrandbits(32))
    ledger, timeline = Ledger(), Timeline(path=path, running=nodes.running)
    async with DiscordServer(keep_requests=False) as server:
        # The tiny model tells its jokes warmer, so that the thirty it knows do not run out.
        usual = {} if stage.model.is_dir() else {"generation.temperature": 0.95}
        addresses = {
            "ray.address": nodes.address,
            "discord.rest_url": server.rest_url,
            "discord.gateway_url": server.gateway_url,
        }
        bots = Bots(
            server=server,
            config=stage.configuration({**_SETTINGS, **usual, **addresses}),
            data=stage.data,
            log=stage.log,
            url=url,
        )
        places = places_of(server, plan)
        audience = Audience(
            server=server,
            places=places,
            plan=plan,
            ledger=ledger,
            timeline=timeline,
            chance=stage.random,
        )
        striker = Striker(nodes=nodes, bots=bots, postgres=postgres, chance=blows)
        course = Course(
            plan=plan,
            audience=audience,
            striker=striker,
            ledger=ledger,
            timeline=timeline,
            chance=blows,
            say=stage.say,
        )
        stage.say("starting two bots")
        try:
            await bots.start()
            # Loading the first replica is no part of the course.
            await audience.ask()
            with contextlib.suppress(TimeoutError):
                # What is missing then is what the verdict says.
                async with timeline.kept(), asyncio.timeout(plan.patience):
                    await course.play()
            statuses = await bots.terminate()
        finally:
            await bots.kill()
    kept = Kept(url=url, key=member_key(stage.data))
    return await asyncio.to_thread(
        lambda: outcome_of(
            plan=plan,
            ledger=ledger,
            answered_twice=audience.answered_twice(),
            kept=kept,
            bots=bots,
            statuses=statuses,
            seconds=timeline.seconds,
            events=timeline.events,
        )
    )


if __name__ == "__main__":
    typer.run(campaign)
