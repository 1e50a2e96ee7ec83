"""`python -m finetune sample`: what a model writes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.artifacts import BrokenVersionError
from finetune.bases import BaseModelError, default_cache
from finetune.commands.failing import failing_plainly
from finetune.progress import progress_bar
from finetune.template import PromptTooLongError

if TYPE_CHECKING:
    from finetune.continuation import Drawing
    from finetune.models import LoadedModel

__all__ = ["sample"]

_AT_ONCE = 8
_TOP_K = 10


class _UnclearError(Exception):
    """Options that do not go together; the message is one sentence."""


@failing_plainly(BaseModelError, BrokenVersionError, _UnclearError)
def sample(
    *,
    base: Annotated[str, typer.Option(help="A base, or the directory of a model version.")],
    prompt: Annotated[
        list[str] | None, typer.Option(help="A text to continue (default: three famous ones).")
    ] = None,
    jokes: Annotated[
        int, typer.Option(min=0, help="Tell so many jokes instead, with the version's template.")
    ] = 0,
    topic: Annotated[str | None, typer.Option(help="What the jokes are about.")] = None,
    top_k: Annotated[
        int | None,
        typer.Option(
            min=0, help=f"Draw from so many tokens; 0: all (default: {_TOP_K}; jokes: 0)."
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(min=0, max=5, help="0: the likeliest.")] = 0.9,
    tokens: Annotated[int, typer.Option(min=1, max=1024, help="Most tokens of each.")] = 60,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    cache: Annotated[Path | None, typer.Option(help="Where base weights are kept.")] = None,
) -> None:
    """Show how a model continues three famous beginnings, or texts of yours, or how it jokes.

    What it writes is shown as it is: nothing is filtered, nothing chosen.
    """
    if jokes and prompt:
        raise _UnclearError("Give either --prompt or --jokes.")
    if topic is not None and not jokes:
        raise _UnclearError("A --topic is for jokes; say how many with --jokes.")
    from finetune.continuation import Drawing
    from finetune.models import choose_device, choose_dtype
    from finetune.versions import open_version

    place = choose_device(device)
    with progress_bar(f"opening {base}") as show:
        loaded = open_version(
            base,
            cache=cache or default_cache(os.environ),
            device=place,
            dtype=choose_dtype(dtype, place),
            progress=show,
        )
    drawing = Drawing(
        tokens=tokens,
        top_k=top_k if top_k is not None else (0 if jokes else _TOP_K),
        temperature=temperature,
        seed=seed,
    )
    if jokes:
        _tell(loaded, topic, jokes=jokes, drawing=drawing)
    else:
        _continue(loaded, prompt, drawing)


def _continue(loaded: "LoadedModel", prompts: list[str] | None, drawing: "Drawing") -> None:
    from finetune.continuation import (
        FAMOUS_BEGINNINGS,
        ContinuationError,
        continue_text,
        showable,
    )

    for number, prompt in enumerate(prompts or FAMOUS_BEGINNINGS):
        typer.secho(("\n" if number else "") + showable(prompt), bold=True, nl=False)
        try:
            continue_text(
                loaded, prompt, drawing=drawing, write=lambda text: typer.echo(text, nl=False)
            )
        except ContinuationError as error:
            raise _UnclearError(str(error)) from None
        typer.echo()


def _tell(loaded: "LoadedModel", topic: str | None, *, jokes: int, drawing: "Drawing") -> None:
    from finetune.continuation import showable
    from finetune.recipes.recipe import SamplingRecipe
    from finetune.training.samples import sample_jokes

    sampling = SamplingRecipe(
        temperature=drawing.temperature, top_k=drawing.top_k, max_tokens=drawing.tokens
    )
    for start in range(0, jokes, _AT_ONCE):
        try:
            told = sample_jokes(
                loaded.model,
                loaded.tokenizer,
                loaded.template,
                sampling=sampling,
                count=min(_AT_ONCE, jokes - start),
                seed=drawing.seed + start,
                topic=topic,
            )
        except PromptTooLongError as error:
            raise _UnclearError(f"The topic is too long: {error}.") from None
        for joke in told:
            typer.echo(f"• {showable(joke)}")
