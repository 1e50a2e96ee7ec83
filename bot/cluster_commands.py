"""`punchline cluster`: up, status, down."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import ExitCode
from bot.generation.cluster.application import Application
from bot.generation.cluster.building import application_of, cluster_directory
from bot.generation.cluster.deploying import deployed, shelved
from bot.generation.cluster.embedded import LOCAL, end_embedded, find_embedded
from bot.generation.cluster.port import ClusterError, ClusterUnreachable
from bot.generation.cluster.process import found, joined
from bot.generation.cluster.ray_cluster import ApplicationState, RayCluster
from bot.learning.stored import StoredStand
from bot.preparing import prepared, refuse_without_ray
from bot.settings import Settings
from bot.store.store import SqlStore
from bot.versions import VersionFinder

__all__ = ["cluster"]

cluster = typer.Typer(
    help="Look after the versions that a Ray cluster serves.", no_args_is_help=True
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """An application and how many bots use it."""

    state: ApplicationState
    bots: int


@cluster.command()
def up(context: typer.Context) -> None:
    """Have the cluster serve the version that tells the jokes, and wait until it does.

    A bot does this by itself when it starts; afterwards it starts faster.
    """
    settings = _settings(context)
    application = asyncio.run(_champion(settings))
    waiting = Console(stderr=True).status(f"Waiting for {application.plan.name} on Ray…")
    with waiting, _left(joined(settings.ray.address, directory=cluster_directory(settings))) as ray:
        shelved(application)
        ready = deployed(
            ray,
            application,
            holder=uuid.uuid4().hex,
            seconds=settings.generation.start_seconds,
        )
    typer.echo(f"{ready.version} serves on Ray, on {ready.device} in {ready.dtype}.")


@cluster.command()
def status(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the versions on the cluster: how they are, their replicas, and how many bots use them.

    Fails if there is no cluster, or a version on it does not serve.
    """
    settings = _settings(context)
    with _left(_found(settings)) as ray:
        listed = _listed(ray)
    if as_json:
        typer.echo(json.dumps([{**asdict(each.state), "bots": each.bots} for each in listed]))
    elif listed:
        _show(listed)
    else:
        typer.echo("The cluster serves no version yet; punchline cluster up changes that.")
    if not all(each.state.serving for each in listed):
        raise typer.Exit(ExitCode.FAILURE)


@cluster.command()
def down(
    context: typer.Context,
    *,
    force: Annotated[bool, typer.Option("--force", help="Those that bots use, too.")] = False,
) -> None:
    """Delete the versions that no bot uses, and end a Ray that was started here if none is left."""
    settings = _settings(context)
    directory = cluster_directory(settings)
    if settings.ray.address == LOCAL and find_embedded(directory) is None:
        typer.echo("There is no Ray of this machine's own.")
        return
    with _left(_found(settings)) as ray:
        kept = []
        for each in _listed(ray):
            if each.bots and not force:
                kept.append(each)
            else:
                ray.delete(each.state.name)
                typer.echo(f"Deleted {each.state.name}.")
    if kept:
        names = ", ".join(each.state.name for each in kept)
        bots = sum(each.bots for each in kept)
        raise ClusterError(
            f"{bots} bots use {names}, which stays; stop them first, or add --force."
        )
    if settings.ray.address == LOCAL and end_embedded(directory):
        typer.echo("Ended the Ray of this machine's own.")


def _settings(context: typer.Context) -> Settings:
    settings: Settings = context.obj.settings(quiet=True)
    refuse_without_ray()
    return settings


async def _champion(settings: Settings) -> Application:
    """What the version that the database names is on the cluster."""
    finder = VersionFinder(origin=await prepared(settings), settings=settings)
    store = await SqlStore.open(directory=settings.store.directory, url=settings.store.url)
    try:
        champion = await StoredStand(versions=store.model_versions, finder=finder).champion()
    finally:
        await store.close()
    return await asyncio.to_thread(application_of, settings, champion)


def _found(settings: Settings) -> RayCluster:
    """The cluster, which is not begun for this."""
    ray = found(settings.ray.address, directory=cluster_directory(settings))
    if ray is None:
        raise ClusterUnreachable(
            "No Ray of this machine's own runs; start one with: punchline cluster up"
        )
    return ray


@contextmanager
def _left(ray: RayCluster) -> Iterator[RayCluster]:
    """A cluster that is left in the end."""
    try:
        yield ray
    finally:
        ray.leave()


def _listed(ray: RayCluster) -> list[_Listed]:
    return [_Listed(state=each, bots=ray.holders(each.name)) for each in ray.states()]


def _show(listed: list[_Listed]) -> None:
    table = Table(box=None, padding=(0, 1))
    for title in ("version", "state", "replicas", "bots", "trouble"):
        table.add_column(title, overflow="fold")
    for each in listed:
        state = each.state
        trouble = "" if state.serving else " ".join(state.trouble.split())[:300]
        replicas = f"{state.running} of {state.replicas}"
        table.add_row(state.name, state.status.lower(), replicas, str(each.bots), trouble)
    Console().print(table)
