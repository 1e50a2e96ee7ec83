"""What `train` and `retrain` share: a lesson is taught while its progress is shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.commands.tied import tie_to_starter
from finetune.progress import ProgressStyle, json_line

if TYPE_CHECKING:
    from finetune.training.teaching import Lesson

__all__ = ["ThreadsOption", "teach_showing"]

ThreadsOption = Annotated[int, typer.Option(min=0, help="CPU threads to use; 0: all cores.")]

_SIGNALLED = 128
"""A shell's exit status for a program that a signal ended, less the signal's number."""


def teach_showing(
    lesson: "Lesson",
    *,
    cache: Path,
    device: str,
    proof: int,
    progress: ProgressStyle,
    threads: int = 0,
    tied: bool = False,
) -> None:
    """Teach, and say at the end where the version is.

    No more than `threads` compute, unless that is 0, and a `tied` program ends when its standard
    input does. Raises what `Teacher.teach` raises, and `typer.Exit` after a signal.
    """
    if tied:
        tie_to_starter()
    import torch

    from finetune.evaluation.adherence import TOPICS
    from finetune.training.proof import Examiner
    from finetune.training.reporting import BarReporter, JsonReporter
    from finetune.training.teaching import Teacher

    if threads:
        torch.set_num_threads(threads)
    for_people = progress is ProgressStyle.BAR
    with BarReporter() if for_people else JsonReporter() as reporter:
        taught = Teacher(
            cache=cache,
            device=device,
            examiner=Examiner(jokes=proof, topics=max(1, min(TOPICS, proof // 10))),
            reporter=reporter,
        ).teach(lesson)
    if taught.version is None:
        if for_people:
            typer.echo(
                f"Saved after step {taught.step}; the same command with --resume goes on.", err=True
            )
        raise typer.Exit(_SIGNALLED + (taught.interrupted_by or 0))
    if for_people:
        typer.echo(f"{taught.version}: see {taught.version / 'report.html'}")
    else:
        json_line({"stage": "done", "directory": str(taught.version)})
