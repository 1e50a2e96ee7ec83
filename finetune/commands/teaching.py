"""What `train` and `retrain` share: a lesson is taught while its progress is shown."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finetune.commands.tied import tie_to_starter
from finetune.progress import ProgressStyle, json_line
from finetune.training.division import Division
from finetune.training.failures import CommonError
from finetune.training.lesson import Lesson, Taught
from finetune.training.signals import SIGNALLED

if TYPE_CHECKING:
    from finetune.training.course import Course
    from finetune.training.reporting import BarReporter, JsonReporter

__all__ = ["RayOption", "ThreadsOption", "WorkersOption", "teach_showing"]

ThreadsOption = Annotated[
    int, typer.Option(min=0, help="CPU threads of each process; 0: all cores.")
]
WorkersOption = Annotated[
    int, typer.Option(min=1, help="Processes that share each step, here or on --ray.")
]
RayOption = Annotated[
    str | None,
    typer.Option(help="Train on this Ray cluster: auto, host:6379 or ray://host:10001."),
]

_GROUP = "WORLD_SIZE"
"""Set by whoever starts workers."""


def teach_showing(
    lesson: Lesson,
    *,
    cache: Path,
    device: str,
    proof: int,
    progress: ProgressStyle,
    threads: int = 0,
    tied: bool = False,
    workers: int = 1,
    ray: str | None = None,
) -> None:
    """Teach, and say at the end where the version is.

    No more than `threads` compute, unless that is 0, and a `tied` program ends when its standard
    input does. It is taught here, by `workers` that are started here or on the cluster at `ray`, or
    by the group that this process was started in. Raises what `Teacher.teach` raises, and
    `typer.Exit` after a signal.
    """
    if tied:
        tie_to_starter()
    Division.of(lesson.recipe, workers=workers)
    if workers > 1 and ray is None and _GROUP not in os.environ:
        from finetune.training.launching import launched

        raise typer.Exit(launched(sys.argv[1:], workers=workers))
    from finetune.training.course import Course
    from finetune.training.reporting import BarReporter, JsonReporter

    course = Course(lesson=lesson, cache=cache, device=device, proof=proof, threads=threads)
    for_people = progress is ProgressStyle.BAR
    reporter = BarReporter() if for_people else JsonReporter()
    if ray is not None:
        from finetune.cluster.training import RayTraining

        with reporter:
            taught = RayTraining(address=ray, workers=workers).held(course, reporter=reporter)
    else:
        taught = _taught_here(course, reporter)
    _say(taught, for_people=for_people)


def _taught_here(course: "Course", reporter: "BarReporter | JsonReporter") -> Taught:
    """Teach alone, or as one of the group that torchrun or accelerate started."""
    import torch

    from finetune.training.group import joined
    from finetune.training.reporting import SilentReporter

    if course.threads:
        torch.set_num_threads(course.threads)
    if int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")):
        course = course.continued()
    with joined(device=course.device) as group, reporter if group.leads else SilentReporter() as to:
        try:
            taught = course.held(reporter=to, group=group)
        except CommonError:
            if group.leads:
                raise
            raise typer.Exit(1) from None
    if not group.leads:
        raise typer.Exit(SIGNALLED + taught.interrupted_by if taught.interrupted_by else 0)
    return taught


def _say(taught: Taught, *, for_people: bool) -> None:
    if taught.version is None:
        if for_people:
            typer.echo(
                f"Saved after step {taught.step}; the same command with --resume goes on.", err=True
            )
        raise typer.Exit(SIGNALLED + (taught.interrupted_by or 0))
    if for_people:
        typer.echo(f"{taught.version}: see {taught.version / 'report.html'}")
    else:
        json_line({"stage": "done", "directory": str(taught.version)})
