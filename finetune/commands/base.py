"""`python -m finetune base`: make a base model ready."""

import os
from pathlib import Path
from typing import Annotated

import typer

from finetune.bases import BaseModelError
from finetune.commands.failing import failing_plainly
from finetune.progress import ProgressStyle, json_line, reporting

__all__ = ["base"]


@failing_plainly(BaseModelError)
def base(
    name: Annotated[str, typer.Argument(help="starter, a hub id, a directory or a .gguf file")],
    cache: Annotated[Path, typer.Option(help="Where converted and downloaded weights are kept.")],
    revision: Annotated[str, typer.Option(help="Revision of a hub model.")] = "",
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
) -> None:
    """Make a base model ready and print its directory.

    A token for a private hub model is read from PUNCHLINE_HUB__TOKEN.
    """
    # transformers draws bars of its own for the parts; ours covers the whole.
    os.environ["TQDM_DISABLE"] = "1"
    from finetune.conversion import prepare

    with reporting(progress, f"preparing {name}") as show:
        directory = prepare(
            name,
            cache=cache,
            revision=revision,
            token=os.environ.get("PUNCHLINE_HUB__TOKEN"),
            progress=show,
        )
    if progress is ProgressStyle.JSON:
        json_line({"stage": "done", "directory": str(directory)})
    else:
        typer.echo(directory)
