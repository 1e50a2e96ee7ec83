"""What every scenario gets: a tiny model, a directory of its own, time and a way to talk."""

import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app import App, open_app
from bot.generation.supervisor import WorkerState
from bot.model import ServedModel
from bot.settings import load_settings
from tests.campaigns.waiting import until

__all__ = ["Stage", "serving", "write_tiny_model"]

_START_SECONDS = 120.0
_BASE: Mapping[str, str | float] = {
    # Warmer than usual, so that the thirty jokes the tiny model knows do not run out.
    "generation.temperature": 1.3,
    "generation.heartbeat_seconds": 3.0,
    "quota.member_jokes": 0,
    "quota.community_jokes": 0,
    "log.level": "warning",
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`seconds` is about how long the scenario should take; `log` takes what the bot logs."""

    directory: Path
    model: Path
    seconds: float
    log: Path
    random: random.Random
    say: Callable[[str], None]

    @property
    def data(self) -> Path:
        """Where the store is."""
        return self.directory / "data"

    def configuration(self, changes: Mapping[str, str | float]) -> Path:
        """A config.toml with these settings on top of what all campaigns share."""
        sections: dict[str, list[str]] = {}
        own = {"model.base": str(self.model), "store.directory": str(self.data)}
        for name, value in {**_BASE, **own, **changes}.items():
            section, key = name.split(".")
            sections.setdefault(section, []).append(f"{key} = {json.dumps(value)}")
        lines = [line for name in sections for line in (f"[{name}]", *sections[name])]
        path = self.directory / "config.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    @asynccontextmanager
    async def app(self, changes: Mapping[str, str | float]) -> AsyncIterator[App]:
        """A started app in this process, its worker ready."""
        settings = load_settings(path=self.configuration(changes), environment={})
        async with open_app(settings, model=ServedModel(name="tiny", directory=self.model)) as app:
            await serving(app)
            yield app

    def rounds(self) -> "Rounds":
        """Numbers from 1 until the time is up, at least 1."""
        return Rounds(ends=time.monotonic() + self.seconds)


class Rounds:
    """An iterator that asks the clock."""

    def __init__(self, *, ends: float) -> None:
        self._ends = ends
        self._number = 0

    def __iter__(self) -> "Rounds":
        return self

    def __next__(self) -> int:
        if self._number and time.monotonic() > self._ends:
            raise StopIteration
        self._number += 1
        return self._number


async def serving(app: App) -> int:
    """Wait for a loaded worker and return its process id. Raises `TimeoutError`."""

    def is_serving() -> bool:
        return app.fleet.status.worker.state is WorkerState.SERVING

    await until(is_serving, seconds=_START_SECONDS)
    pid = app.fleet.status.worker.pid
    if pid is None:
        raise TimeoutError("the worker died the moment it was ready")
    return pid


def write_tiny_model(directory: Path) -> Path:
    """Teach the tiny model; by a process of its own, because this one never imports torch."""
    code = (
        "import sys; from pathlib import Path; from tests.tiny import write_tiny_version; "
        "print(write_tiny_version(Path(sys.argv[1])))"
    )
    command = (sys.executable, "-c", code, str(directory))
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Path(output.splitlines()[-1])
