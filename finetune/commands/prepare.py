"""`python -m finetune prepare`: make a corpus of raw joke files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from finetune.commands.failing import failing_plainly
from finetune.corpus.jokes import CorpusError
from finetune.moderation import Tier
from finetune.progress import ProgressStyle, json_line, reporting

__all__ = ["TierOption", "prepare", "tier_of"]


class TierOption(StrEnum):
    """A content tier, or none to keep even what no tier allows."""

    FAMILY = "family"
    STANDARD = "standard"
    ADULT = "adult"
    NONE = "none"


def tier_of(option: TierOption) -> Tier | None:
    """The tier that is meant, or None for none."""
    return None if option is TierOption.NONE else Tier(option.value)


@failing_plainly(CorpusError)
def prepare(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="CSV, JSON, JSON lines or Parquet files, directories, or data sets of the hub"
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Where the corpus is written.")],
    tier: Annotated[TierOption, typer.Option(help="Drops what is too offensive for the tier.")] = (
        TierOption.FAMILY
    ),
    max_words: Annotated[int, typer.Option(min=3, help="Longer jokes are dropped.")] = 60,
    english: Annotated[bool, typer.Option(help="Drop what is not English.")] = True,
    similarity: Annotated[
        float, typer.Option(min=0.3, max=1.0, help="Jokes as similar as this are duplicates.")
    ] = 0.5,
    held_out: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share of jokes kept from training.")
    ] = 0.05,
    limit: Annotated[int | None, typer.Option(min=1, help="The most jokes to keep.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a corpus that is there.")] = False,
    processes: Annotated[
        int, typer.Option(min=0, help="Clean many rows in so many processes; 0: all cores.")
    ] = 0,
    progress: Annotated[ProgressStyle, typer.Option()] = ProgressStyle.BAR,
) -> None:
    """Read jokes, repair and clean them, find their topics, and split off a held-out part.

    Writes train.jsonl, heldout.jsonl and corpus.json, the table that is also printed.
    """
    from rich.console import Console

    from finetune.corpus.preparation import PrepareOptions, prepare_corpus
    from finetune.corpus.side_by_side import processors
    from finetune.corpus.sources import open_source
    from finetune.corpus.table import summary_table

    opened = [source for name in sources for source in open_source(name)]
    with reporting(progress, "preparing") as show:
        corpus = prepare_corpus(
            opened,
            out=out,
            options=PrepareOptions(
                tier=tier_of(tier),
                max_words=max_words,
                english=english,
                similarity=similarity,
                held_out=held_out,
                limit=limit,
            ),
            overwrite=overwrite,
            progress=show,
            processes=processes or processors(),
        )
    if progress is ProgressStyle.JSON:
        json_line({"stage": "done", "directory": str(out), "jokes": dict(corpus.summary["jokes"])})
    else:
        Console().print(summary_table(corpus.summary))
