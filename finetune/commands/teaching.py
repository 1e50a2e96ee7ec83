"""What `train` and `retrain` share: a lesson is taught while its progress is shown."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from finetune.progress import ProgressStyle, json_line

if TYPE_CHECKING:
    from finetune.training.teaching import Lesson

__all__ = ["teach_showing"]

_SIGNALLED = 128
"""A shell's exit status for a program that a signal ended, less the signal's number."""


def teach_showing(
    lesson: "Lesson", *, cache: Path, device: str, proof: int, progress: ProgressStyle
) -> None:
    """Teach, and say at the end where the version is.

    Raises what `Teacher.teach` raises, and `typer.Exit` after a signal.
    """
    from finetune.evaluation.adherence import TOPICS
    from finetune.training.proof import Examiner
    from finetune.training.reporting import BarReporter, JsonReporter
    from finetune.training.teaching import Teacher

    bar = BarReporter() if progress is ProgressStyle.BAR else None
    with bar or nullcontext():
        taught = Teacher(
            cache=cache,
            device=device,
            examiner=Examiner(jokes=proof, topics=max(1, min(TOPICS, proof // 10))),
            reporter=bar or JsonReporter(),
        ).teach(lesson)
    if taught.version is None:
        if bar:
            typer.echo(
                f"Saved after step {taught.step}; the same command with --resume goes on.", err=True
            )
        raise typer.Exit(_SIGNALLED + (taught.interrupted_by or 0))
    if bar:
        typer.echo(f"{taught.version}: see {taught.version / 'report.html'}")
    else:
        json_line({"stage": "done", "directory": str(taught.version)})
