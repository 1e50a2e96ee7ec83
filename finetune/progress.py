"""How long work reports how far it is: a bar for people, JSON lines for programs."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "ProgressStyle", "json_line", "progress_bar", "reporting"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps done and the steps in all (0 when unknown)."""


class ProgressStyle(StrEnum):
    """A bar for people, JSON lines for programs."""

    BAR = "bar"
    JSON = "json"


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A bar on standard error; `description` stands there until the first report."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(description, total=None)

        def show(stage: str, step: int, of: int) -> None:
            bars.update(task, description=stage, completed=step, total=of or None)

        yield show


@contextmanager
def reporting(style: ProgressStyle, description: str) -> Iterator[Progress]:
    """Reports in the wanted style: `progress_bar`, or an object a line on standard output."""
    if style is ProgressStyle.BAR:
        with progress_bar(description) as show:
            yield show
    else:
        yield lambda stage, step, of: json_line({"stage": stage, "step": step, "of": of})


def json_line(content: Mapping[str, Any]) -> None:
    """One object on one line of standard output, at once."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")
    sys.stdout.flush()
