"""`punchline votes`: export, import, summary."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.phrases import counted
from bot.settings import Settings
from bot.store.store import SqlStore
from bot.votes.choosing import Chosen, choose
from bot.votes.exporting import Format, exported
from bot.votes.importing import VotesFileError, read_votes
from bot.votes.rows import ImportCounts
from bot.votes.summary import show_summary
from finetune.durable import sync, write_whole

__all__ = ["votes"]

# No front-end has this name, so a source is never the hash of a member.
_SOURCES = "source"
_SOURCE_CHARACTERS = 8

votes = typer.Typer(
    help="Look at the votes, give them to others, take in those of others.", no_args_is_help=True
)


@votes.command()
def export(
    context: typer.Context,
    *,
    format: Annotated[
        Format,
        typer.Option(help="Votes or pairs for a trainer, or a table of everything."),
    ] = Format.KTO,
    out: Annotated[
        Path | None, typer.Option(help="Where to write it (default: standard output).")
    ] = None,
) -> None:
    """Write the votes down without saying whose they are."""
    if format is Format.PARQUET and out is None and sys.stdout.isatty():
        raise VotesFileError("Parquet is not for reading; name a file with --out.")
    settings = context.obj.settings(quiet=True)
    chosen, content = asyncio.run(_export(settings, format))
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        _write(out, content)
    typer.echo(f"{_left_out(chosen, format)}", err=True)


@votes.command(name="import")
def take_in(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `votes export` wrote, .jsonl or .csv.")],
) -> None:
    """Add the votes of another instance; the same file twice changes nothing."""
    counts = asyncio.run(_import(context.obj.settings(quiet=True), file))
    typer.echo(
        f"{counted(counts.jokes, 'new joke')}, {counted(counts.votes, 'vote')} added or changed;"
        f" {counted(counts.own, 'joke')} told here left alone."
    )


@votes.command()
def summary(context: typer.Context) -> None:
    """Show how many votes there are, whose they are, and what is missing to learn from them."""
    settings = context.obj.settings(quiet=True)
    chosen = asyncio.run(_choose(settings))
    show_summary(chosen, rules=settings.learning, console=Console())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[SqlStore]:
    store = await SqlStore.open(directory=settings.store.directory, url=settings.store.url)
    try:
        yield store
    finally:
        await store.close()


async def _choose(settings: Settings) -> Chosen:
    async with _opened(settings) as store:
        return choose([row async for row in store.votes()], settings.learning)


async def _export(settings: Settings, format: Format) -> tuple[Chosen, bytes]:
    async with _opened(settings) as store:
        chosen = choose([row async for row in store.votes()], settings.learning)
        source = store.records.pseudonym(_SOURCES, "")[:_SOURCE_CHARACTERS]
    return chosen, exported(chosen, format=format, rules=settings.learning, source=source)


async def _import(settings: Settings, file: Path) -> ImportCounts:
    jokes = read_votes(file)
    async with _opened(settings) as store:
        try:
            return await store.import_votes(jokes)
        except ValueError as error:
            raise VotesFileError(f"{file}: {error}") from error


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
        sync(path)
    except OSError as error:
        raise VotesFileError(f"{path} cannot be written: {error.strerror}.") from error


def _left_out(chosen: Chosen, format: Format) -> str:
    flooded = "marked with weight 0" if format in (Format.CSV, Format.PARQUET) else "left out"
    withheld = counted(len(chosen.withheld), "vote")
    return (
        f"{counted(len(chosen.learnable), 'vote')}. {withheld} on jokes that were hidden or found"
        f" offensive left out; {counted(chosen.flooded, 'vote')} of floods {flooded}."
    )
