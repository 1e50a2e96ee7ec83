"""How long work reports how far it is, and the bar a person sees of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "progress_bar"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps done and the steps in all."""


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A bar on standard error; `description` stands there until the first report."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(description, total=None)

        def show(stage: str, step: int, of: int) -> None:
            bars.update(task, description=stage, completed=step, total=of)

        yield show
