"""Command line of the humour model: `python -m finetune`."""

import json
import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError
from finetune.progress import progress_bar

__all__ = ["app", "main"]

app = typer.Typer(
    help="The humour model: where its weights come from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class ProgressStyle(StrEnum):
    """A bar for people, JSON lines for programs."""

    BAR = "bar"
    JSON = "json"


@app.callback()
def _commands() -> None:
    """The humour model: where its weights come from."""


@app.command()
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

    make = partial(
        prepare, name, cache=cache, revision=revision, token=os.environ.get("PUNCHLINE_HUB__TOKEN")
    )
    try:
        if progress is ProgressStyle.JSON:
            directory = make(progress=_json_line)
            _print({"stage": "done", "directory": str(directory)})
        else:
            with progress_bar(f"preparing {name}") as show:
                directory = make(progress=show)
            typer.echo(directory)
    except BaseModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def device(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
) -> None:
    """Print as JSON what models would be computed on here, and in which precision."""
    import torch

    from finetune.models import choose_device, choose_dtype

    try:
        chosen = choose_device(device)
    except BrokenVersionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    name = torch.cuda.get_device_name(chosen) if chosen.type == "cuda" else "CPU"
    _print(
        {
            "device": chosen.type,
            "name": name,
            "dtype": str(choose_dtype(dtype, chosen)).removeprefix("torch."),
            "threads": torch.get_num_threads(),
        }
    )


def _json_line(stage: str, step: int, of: int) -> None:
    _print({"stage": stage, "step": step, "of": of})


def _print(content: dict[str, str | int]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
