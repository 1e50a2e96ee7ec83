"""The program as people start it, between a test's own Discord and Telegram."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bot.program import Ended
from tests.campaigns.evidence import Evidence

__all__ = ["ChatProgram", "Running"]

_PATIENCE_SECONDS = 60.0
_CONFIGURATION = """
[model]
base = "{model}"
[generation]
dtype = "float32"
threads = 1
heartbeat_seconds = 60.0
[quota]
member_jokes = 0
community_jokes = 0
[community]
tally_seconds = 0.2
[store]
directory = "data"
"""


class Running:
    """A started bot; it logs to `log`."""

    def __init__(self, *, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.returncode is None

    def said(self) -> str:
        """What it has logged so far."""
        return self._log.read_text("utf-8")

    async def ended(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and wait for its exit code."""
        if self.alive:
            self._process.send_signal(number)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._process.wait()


class ChatProgram:
    """`punchline run` in a directory of its own; `changes` are PUNCHLINE_* variables."""

    def __init__(self, directory: Path, *, model: Path, **changes: str) -> None:
        self._directory = directory
        self._changes = changes
        self._starts = 0
        self.evidence = Evidence(directory / "data")
        configuration = _CONFIGURATION.format(model=model)
        (directory / "config.toml").write_text(configuration, encoding="utf-8")

    @asynccontextmanager
    async def running(self, **changes: str) -> AsyncIterator[Running]:
        """A bot in the background, killed at the end if it has not been ended."""
        self._starts += 1
        log = self._directory / f"run-{self._starts}.log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *self._command("run"),
                stdin=DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self._directory,
                env=self._environment(changes),
            )
        try:
            yield Running(process=process, log=log)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def call(self, *arguments: str, **changes: str) -> Ended:
        """Run a command to its end."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*arguments),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=self._directory,
            env=self._environment(changes),
        )
        async with asyncio.timeout(_PATIENCE_SECONDS):
            out, err = await process.communicate()
        return Ended(code=process.returncode or 0, out=out.decode(), err=err.decode())

    @staticmethod
    def _command(*arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "bot", "--config", "config.toml", *arguments)

    def _environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PUNCHLINE_")
        }
        root = str(Path(__file__).parents[2])
        return {**inherited, "PYTHONPATH": root, **self._changes, **changes}
