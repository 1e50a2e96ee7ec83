"""`punchline models`: list, show, publish."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.app import ExitCode, until_terminated
from bot.learning.known import KnownVersions
from bot.learning.process import FinetuneError, run_finetune
from bot.learning.version_listing import listing_as_json, show_lineage, show_listing
from bot.settings import Settings
from bot.store.store import SqlStore
from finetune.progress import progress_bar

__all__ = ["models"]

models = typer.Typer(
    help="Look at the model versions, and give one to others.", no_args_is_help=True
)

_Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `models list` names it.")]


@models.command(name="list")
def list_models(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List every version: what it does, what it learned from and how it is liked."""
    known = asyncio.run(_known(context.obj.settings(quiet=True)))
    if as_json:
        typer.echo(listing_as_json(known.listed))
    else:
        show_listing(known.listed, console=Console())


@models.command()
def show(context: typer.Context, version: _Version) -> None:
    """Show a version and all it goes back to, as far as the base."""
    known = asyncio.run(_known(context.obj.settings(quiet=True)))
    found = known.find(version)
    if found is None:
        raise _unknown(version, known)
    show_lineage(known.lineage(found), console=Console())


@models.command()
def publish(
    context: typer.Context,
    version: _Version,
    *,
    to: Annotated[
        str, typer.Option(help="A new directory (./name, /name), or owner/name on the hub.")
    ],
    merged: Annotated[
        bool,
        typer.Option(
            "--merged/--adapter",
            help="Whole weights that load by themselves, or the adapter, which needs peft.",
        ),
    ] = True,
    private: Annotated[bool, typer.Option(help="On the hub: only for the owner.")] = False,
) -> None:
    """Write a version for others, with its card: into a directory, or on the Hugging Face hub.

    The hub wants a token that may write, in PUNCHLINE_HUB__TOKEN or hub.token_file. No vote, no
    member and no joke of a community is published.
    """
    settings = context.obj.settings(quiet=True)
    known = asyncio.run(_known(settings))
    directory = _files(version, known)
    form = ("--merged" if merged else "--adapter", "--private" if private else "--no-private")
    published: list[str] = []
    try:
        asyncio.run(until_terminated(_publish(settings, directory, to, form, published)))
    except FinetuneError as error:
        raise _refused(str(error)) from error
    if not published:
        raise typer.Exit(ExitCode.FAILURE)
    typer.echo(f"Published: {published[0]}")


async def _known(settings: Settings) -> KnownVersions:
    store = await SqlStore.open(directory=settings.store.directory, url=settings.store.url)
    try:
        return await KnownVersions.read(settings, store)
    finally:
        await store.close()


def _files(version: str, known: KnownVersions) -> Path:
    """The directory of a version; ends with a sentence where there is none."""
    found = known.find(version)
    if found is None:
        raise _unknown(version, known)
    if found.directory is None:
        gone = "are not here any more" if found.made else "were never made here"
        raise _refused(f"The files of {version} {gone}, so it cannot be published.")
    return found.directory


async def _publish(
    settings: Settings, directory: Path, to: str, form: tuple[str, ...], published: list[str]
) -> int:
    token = settings.hub.token
    with progress_bar(f"publishing {directory.name}") as show_progress:

        def hear(line: Mapping[str, Any]) -> None:
            if line.get("stage") != "done":
                show_progress(str(line.get("stage")), int(line["step"]), int(line["of"]))

        done = await run_finetune(
            (
                *("publish", str(directory), "--to", to, *form),
                *("--cache", str(settings.model.cache_directory)),
            ),
            hear=hear,
            environment={"PUNCHLINE_HUB__TOKEN": token.get_secret_value()} if token else None,
        )
    published.append(str(done["where"]))
    return ExitCode.CLEAN


def _unknown(version: str, known: KnownVersions) -> typer.Exit:
    return _refused(f"There is no version {version}; there are {', '.join(known.names)}.")


def _refused(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(ExitCode.FAILURE)
