"""The command line: `punchline chat`, `tell`, `run`, `attach`, `doctor`, `backup` and so on."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from bot.app import App, ExitCode, open_app, run_fronts, until_terminated
from bot.cluster_commands import cluster
from bot.doctor import examine, show
from bot.findings import State
from bot.fronts.attach import attach as attach_to
from bot.fronts.conversation import Conversation
from bot.fronts.lines import read_lines
from bot.fronts.screen import Screen
from bot.fronts.socket import SocketFront, refuse_second
from bot.fronts.terminal import TERMINAL, TerminalFront, typed_lines
from bot.jokes import Community, Joke
from bot.learning.commands import models
from bot.learning.here import retrain_here, roll_back_here
from bot.logs import configure_logging
from bot.monitoring.building import monitored
from bot.monitoring.server import listening
from bot.platforms import platform_fronts
from bot.preparing import prepared
from bot.settings import Settings, StoreSettings, configuration_file, load_settings
from bot.store.backup import backup as back_up
from bot.store.backup import restore as put_back
from bot.store.commands import database
from bot.store.directory import DATABASE
from bot.store.errors import StoreError
from bot.telling import Order, jokes_as_json, show_jokes, tell_jokes
from bot.votes.commands import votes

__all__ = ["app"]

_HERE = Community(front=TERMINAL, key="local")

app = typer.Typer(
    help="A chatbot with a sense of humour that learns from its audience.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(votes, name="votes")
app.add_typer(models, name="models")
app.add_typer(cluster, name="cluster")
app.add_typer(database, name="db")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Options:
    """What stands before the command."""

    config: Path | None
    verbose: bool

    def settings(self, *, quiet: bool = False) -> Settings:
        """Read the settings and start logging; `quiet` leaves out all but warnings."""
        settings = load_settings(path=self.config, environment=os.environ)
        level = "debug" if self.verbose else settings.log.level
        if quiet and level == "info":
            level = "warning"
        configure_logging(
            level=level, as_json=settings.log.format == "json", secrets=settings.secrets()
        )
        return settings


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"punchline {metadata.version('punchline')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: ./config.toml).")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log everything.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which.")
    ] = False,
) -> None:
    context.obj = _Options(config=config, verbose=verbose)


@app.command()
def chat(context: typer.Context) -> None:
    """Talk to Punchline in this terminal, or through a pipe: one command a line."""
    _run(_chat(context.obj.settings(quiet=True)))


@app.command()
def tell(
    context: typer.Context,
    *,
    about: Annotated[str | None, typer.Option(help="What the joke should be about.")] = None,
    opening: Annotated[str | None, typer.Option(help="How the joke should begin.")] = None,
    number: Annotated[int, typer.Option("-n", "--number", min=1, max=1000)] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the same jokes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Tell a joke and leave."""
    order = Order(count=number, topic=about, opening=opening, seed=seed)
    _run(_tell(context.obj.settings(quiet=True), order, as_json=as_json))


@app.command()
def run(context: typer.Context) -> None:
    """Stay in the background and answer everyone who comes; stop it with SIGTERM."""
    _run(_serve(context.obj.settings()))


@app.command()
def attach(context: typer.Context) -> None:
    """Talk to the bot that `punchline run` keeps in the background."""
    settings = context.obj.settings(quiet=True)
    _run(_attach(_socket(settings)))


@app.command()
def doctor(context: typer.Context) -> None:
    """Check everything Punchline needs and say how to mend what is wrong."""
    settings = context.obj.settings(quiet=True)
    file = configuration_file(path=context.obj.config, environment=os.environ)
    findings = asyncio.run(examine(settings, file=file))
    show(findings, console=Console())
    if any(finding.state is State.FAIL for finding in findings):
        raise typer.Exit(ExitCode.FAILURE)


@app.command()
def backup(context: typer.Context, file: Annotated[Path, typer.Argument()]) -> None:
    """Copy the database into FILE while the bot goes on."""
    directory = _directory_of_file(context, "pg_dump")
    asyncio.run(back_up(database=directory / DATABASE, target=file))
    typer.echo(f"Saved to {file}. Keep {directory / 'member.key'} with it, in a safe place.")


@app.command()
def restore(context: typer.Context, file: Annotated[Path, typer.Argument()]) -> None:
    """Put a backup in the place of the database; the bot must not be running."""
    directory = _directory_of_file(context, "pg_restore")
    put_back(source=file, directory=directory)
    typer.echo(f"Restored {directory / DATABASE} from {file}.")


@app.command()
def retrain(context: typer.Context) -> None:
    """Make a better model of the votes; a bot that runs then tries it out."""
    _run(_retrain(context.obj.settings(quiet=True)))


@app.command()
def rollback(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="By default the one before.")] = None,
) -> None:
    """Let an earlier version tell the jokes again; a bot that runs follows within seconds."""
    _run(_roll_back(context.obj.settings(quiet=True), version))


def _directory_of_file(context: typer.Context, program: str) -> Path:
    """Where the SQLite database is. Raises `StoreError` where PostgreSQL's `program` does this."""
    store: StoreSettings = context.obj.settings(quiet=True).store
    if store.url is not None:
        raise StoreError(
            f"The database is on PostgreSQL, which has a program for that: {program}; see"
            " docs/postgresql.md."
        )
    return store.directory


def _run(work: Coroutine[Any, Any, int]) -> None:
    code = asyncio.run(until_terminated(work))
    if code:
        raise typer.Exit(code)


async def _chat(settings: Settings) -> int:
    interactive = sys.stdin.isatty()
    console = Console()
    screen = Screen(console=console)
    model = await prepared(settings)
    if interactive and console.is_terminal:
        console.print(Text("Punchline", style="bold green"), "– type a topic, or /help.\n")
    async with open_app(settings, model=model) as running:
        front = TerminalFront(
            conversation=_conversation(running, screen, member=str(os.getuid())),
            lines=typed_lines() if interactive else read_lines(sys.stdin.fileno()),
            say=screen.answer,
            interactive=interactive,
        )
        return await run_fronts(running, [front])


async def _serve(settings: Settings) -> int:
    path = _socket(settings)
    # Before a second model takes up memory.
    await refuse_second(path)
    with listening(settings.metrics.listen) as listener:
        model = await prepared(settings)
        async with open_app(settings, model=model) as running:
            socket = SocketFront(
                path=path,
                converse=lambda screen, member: _conversation(running, screen, member=member),
            )
            fronts = [socket, *platform_fronts(running.core, settings)]
            async with monitored(running, fronts=fronts, listener=listener):
                return await run_fronts(running, fronts)


async def _tell(settings: Settings, order: Order, *, as_json: bool) -> int:
    model = await prepared(settings)
    complaints = Console(stderr=True)
    async with open_app(settings, model=model, alone=True) as running:
        with complaints.status("Thinking of something funny…"):
            answers = await tell_jokes(running, order, community=_HERE, member=str(os.getuid()))
    told = [answer for answer in answers if isinstance(answer, Joke)]
    if as_json:
        typer.echo(jokes_as_json(answers))
        answers = [answer for answer in answers if not isinstance(answer, Joke)]
    show_jokes(answers, console=Console(), complaints=complaints)
    return ExitCode.CLEAN if len(told) == order.count else ExitCode.FAILURE


async def _attach(path: Path) -> int:
    interactive = sys.stdin.isatty()
    lines = typed_lines() if interactive else read_lines(sys.stdin.fileno())
    await attach_to(path=path, lines=lines)
    return ExitCode.CLEAN


async def _retrain(settings: Settings) -> int:
    origin = await prepared(settings)
    made = await retrain_here(settings, origin=origin, console=Console())
    return ExitCode.CLEAN if made else ExitCode.FAILURE


async def _roll_back(settings: Settings, version: str | None) -> int:
    origin = await prepared(settings)
    serving = await roll_back_here(settings, origin=origin, version=version)
    typer.echo(f"{serving} serves again.")
    return ExitCode.CLEAN


def _socket(settings: Settings) -> Path:
    """Processes that share a directory and Discord's shards have a socket each."""
    shards = "".join(f"-{shard}" for shard in settings.discord.shard_ids[:1])
    return settings.store.directory / f"punchline{shards}.sock"


def _conversation(running: App, screen: Screen, *, member: str) -> Conversation:
    return Conversation(
        service=running.service,
        screen=screen,
        community=_HERE,
        member=member,
        loading=running.loading,
        learner=running.core.learner,
    )
