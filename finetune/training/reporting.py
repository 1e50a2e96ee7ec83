"""What a run shows: a bar and sentences for people, JSON lines for programs."""

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from finetune.progress import json_line
from finetune.training.pace import Pace

__all__ = ["BarReporter", "JsonReporter", "Reporter", "SilentReporter", "TrainingStep"]


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


class SilentReporter:
    """For all workers of a run but the one that leads; use it as a context."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was begun."""

    def stage(self, name: str, step: int, of: int) -> None:
        """Nothing."""

    def training(self, now: TrainingStep) -> None:
        """Nothing."""

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """Nothing."""


class JsonReporter:
    """One JSON object a line on standard output; use it as a context.

    Each line has `stage`, `step`, `of` (0 when unknown), `loss` and `seconds_left` of the stage
    (null when unknown). Inside the context the last one is said again after `silence` seconds in
    which there was nothing to say, so that whoever listens can tell slow from dead.
    """

    def __init__(self, *, silence: float = 3.0) -> None:
        self._silence = silence
        self._pace = Pace()
        self._saying = threading.Lock()
        self._last: dict[str, Any] | None = None
        self._said = 0.0
        self._ended = threading.Event()
        self._repeating = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Self:
        self._repeating.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._repeating.join()

    def stage(self, name: str, step: int, of: int) -> None:
        """`{"stage": name, …}`."""
        left = self._pace.seconds_left(name, step=step, of=of)
        self._say({"stage": name, "step": step, "of": of, "loss": None, "seconds_left": left})

    def training(self, now: TrainingStep) -> None:
        """`{"stage": "training", …}`."""
        self._say({"stage": "training", **asdict(now)})

    def samples(self, epoch: float, jokes: Sequence[str]) -> None:
        """`{"stage": "samples", …}`, which is no stage of work and has none of those figures."""
        with self._saying:
            json_line({"stage": "samples", "epoch": epoch, "jokes": list(jokes)})

    def _say(self, content: dict[str, Any]) -> None:
        with self._saying:
            self._last, self._said = content, time.monotonic()
            json_line(content)

    def _repeat(self) -> None:
        while not self._ended.wait(self._silence / 4):
            with self._saying:
                silent = time.monotonic() - self._said
                if self._last is None or silent < self._silence:
                    continue
                left = self._last["seconds_left"]
                remaining = None if left is None else max(0, round(left - silent))
                self._last = {**self._last, "seconds_left": remaining}
                self._said = time.monotonic()
                json_line(self._last)


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
