"""`punchline db`: move everything into another database, and bring one up to date."""

from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bot.phrases import counted
from bot.settings import Settings
from bot.store.copying import Copied, copy_database, upgrade_database
from bot.store.location import database_url, named_database, place_of

__all__ = ["database"]

_OURS = "store"
_SHOWN = 16  # characters of a checksum

database = typer.Typer(
    help="Move everything into another database, or bring one up to date.", no_args_is_help=True
)

_NAMED = "A directory with a SQLite database, or the URL of a database on PostgreSQL."


@database.command()
def copy(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help=_NAMED)],
    target: Annotated[str, typer.Argument(help="The same, with nothing in it.")],
) -> None:
    """Copy everything from SOURCE to TARGET, an empty database, and compare; no bot may run.

    "store" stands for the database of the settings, so that no password has to be typed.
    """
    settings: Settings = context.obj.settings(quiet=True)
    done: list[Copied] = []
    copy_database(
        _named(source, settings),
        _named(target, settings),
        key_directory=settings.store.directory,
        say=done.append,
    )
    table = Table("table", "rows", "checksum", box=None)
    for copied in done:
        table.add_row(copied.table, str(copied.rows), copied.checksum[:_SHOWN])
    console = Console()
    console.print(table)
    rows = counted(sum(copied.rows for copied in done), "row")
    console.print(f"{rows} copied, the same on both sides.", soft_wrap=True)


@database.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database of the settings up to date, which every start does by itself."""
    settings: Settings = context.obj.settings(quiet=True)
    place = _named(_OURS, settings)
    upgrade_database(place)
    where = place if isinstance(place, Path) else place_of(place)
    typer.echo(f"The database ({where}) is up to date.")


def _named(name: str, settings: Settings) -> sa.URL | Path:
    if name == _OURS:
        return database_url(settings.store.url) or settings.store.directory
    return named_database(name)
