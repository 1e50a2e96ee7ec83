"""What a run shows: a bar and sentences for people, JSON lines for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from finetune.progress import json_line

__all__ = ["BarReporter", "JsonReporter", "Reporter", "TrainingStep"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingStep:
    """How far a run is; losses in nats per joke token, None before the first was taken."""

    step: int
    of: int
    epoch: float
    loss: float | None
    held_out_loss: float | None
    tokens_per_second: float
    seconds_left: float


class Reporter(Protocol):
    """Who hears of a run."""

    def stage(self, name: str, step: int, of: int) -> None:
        """Work before or after the training itself."""

    def training(self, now: TrainingStep) -> None:
        """After a step."""

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """After an epoch."""


class JsonReporter:
    """One JSON object a line on standard output."""

    def stage(self, name: str, step: int, of: int) -> None:
        """`{"stage": name, …}`."""
        json_line({"stage": name, "step": step, "of": of})

    def training(self, now: TrainingStep) -> None:
        """`{"stage": "training", …}`."""
        json_line({"stage": "training", **asdict(now)})

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """`{"stage": "samples", …}`."""
        json_line({"stage": "samples", "epoch": epoch, "jokes": list(jokes)})


class BarReporter:
    """A rich progress bar on standard error; use it as a context."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bars.add_task("starting", total=None, figures="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stage(self, name: str, step: int, of: int) -> None:
        """Show the name and how much of it is done."""
        self._bars.update(
            self._task, description=name, completed=step, total=of or None, figures=""
        )

    def training(self, now: TrainingStep) -> None:
        """Show losses and speed beside the bar."""
        losses = [
            f"{name} {value:.3f}"
            for name, value in (("loss", now.loss), ("held out", now.held_out_loss))
            if value is not None
        ]
        self._bars.update(
            self._task,
            description=f"epoch {now.epoch:.1f}",
            completed=now.step,
            total=now.of,
            figures="  ".join([*losses, f"{now.tokens_per_second:.0f} tokens/s"]),
        )

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """Print the jokes above the bar."""
        self._console.print(f"[bold]After epoch {epoch:.0f}[/bold]")
        for joke in jokes:
            self._console.print(f"  • {escape(joke)}", highlight=False)
