"""`python -m finetune report`: the report of a model version once more."""

from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError, read_manifest, slug
from finetune.commands.failing import failing_plainly
from finetune.report.content import ReportError
from finetune.shipped import SHIPPED, shipped_version

__all__ = ["report"]


@failing_plainly(ReportError, BrokenVersionError)
def report(
    version: Annotated[str, typer.Argument(help=f"The directory of a version, or {SHIPPED}.")],
    out: Annotated[
        Path | None, typer.Option(help="The page to write (default: VERSION-report.html here).")
    ] = None,
) -> None:
    """Write the page about a version again, from what the version itself carries."""
    from finetune.report.content import read_content
    from finetune.report.page import write_report

    directory = shipped_version() if version == SHIPPED else Path(version)
    manifest = read_manifest(directory)
    page = out or Path(f"{slug(manifest.version)}-report.html")
    if page.resolve().is_relative_to(directory.resolve()):
        raise ReportError(
            f"{directory} stays as it was made, for its checksums; name another place with --out."
        )
    if page.is_dir():
        raise ReportError(f"{page} is a directory; name the file to write with --out.")
    write_report(page, read_content(directory))
    typer.echo(page)
