"""`python -m finetune publish`: a version for others, in a directory or on the hub."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.progress import Progress, ProgressStyle, json_line, reporting
from finetune.publishing.target import PublishingError, hub_repository, require_empty
from finetune.report.content import ReportError
from finetune.shipped import SHIPPED

if TYPE_CHECKING:
    from finetune.publishing.repository import Repository

__all__ = ["publish"]

_TOKEN = "PUNCHLINE_HUB__TOKEN"  # noqa: S105 - the variable's name


@failing_plainly(PublishingError, ReportError, BrokenVersionError, BaseModelError)
def publish(
    version: Annotated[str, typer.Argument(help=f"The directory of a version, or {SHIPPED}.")],
    *,
    to: Annotated[str, typer.Option(help="A new directory (./name, /name), or owner/name.")],
    merged: Annotated[
        bool,
        typer.Option("--merged/--adapter", help="Whole weights, or an adapter as it is."),
    ] = True,
    private: Annotated[bool, typer.Option(help="On the hub: only for the owner.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Where base weights are kept.")] = None,
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
) -> None:
    """Write a version as a repository that plain transformers loads, with card and report.

    On the hub it is one commit, with the token in PUNCHLINE_HUB__TOKEN.
    """
    # Others' bars and warnings would write over our bar.
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_VERBOSITY"] = "error"
    name = hub_repository(to)
    token = os.environ.get(_TOKEN, "").strip()
    if name is None:
        require_empty(Path(to).expanduser())
    elif not token:
        raise PublishingError(
            f"The hub asks who publishes; set {_TOKEN} to a token that may write to {name}."
        )
    place = cache or default_cache(os.environ)
    with reporting(progress, f"publishing {version}") as show:
        if name is not None:
            where = _on_hub(
                version, name, token=token, private=private, merged=merged, cache=place, show=show
            )
        else:
            directory = Path(to).expanduser()
            _repository(version, None, merged=merged, cache=place, show=show).write(
                directory, progress=show
            )
            where = str(directory)
    if progress is ProgressStyle.JSON:
        json_line({"stage": "done", "where": where})
    else:
        typer.echo(where)


def _repository(
    version: str, name: str | None, *, merged: bool, cache: Path, show: Progress
) -> "Repository":
    from finetune.models import quiet_transformers
    from finetune.publishing.repository import Repository
    from finetune.versions import find_version

    quiet_transformers()
    found = find_version(version, cache=cache, progress=show)
    return Repository(found=found, merged=merged, name=name)


def _on_hub(
    version: str,
    name: str,
    *,
    token: str,
    private: bool,
    merged: bool,
    cache: Path,
    show: Progress,
) -> str:
    """Write the repository beside the bases, then bring it to the hub; returns its address."""
    from finetune.publishing.hub import Hub

    hub = Hub(token=token)
    show(f"asking the hub about {name}", 0, 0)
    # Before the work, not after it.
    hub.require_free(name)
    repository = _repository(version, name, merged=merged, cache=cache, show=show)
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix="publishing-") as place:
        written = Path(place) / "repository"
        repository.write(written, progress=show)
        show(f"uploading to {name}", 0, 0)
        return hub.push(
            written, name, private=private, message=f"Punchline version {repository.found.name}"
        )
