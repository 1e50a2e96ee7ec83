"""The program as people start it: a process, a configuration file, a data directory."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

__all__ = ["PATIENCE", "Ended", "Program", "ended", "eventually", "paused"]

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 50.0
"""Seconds after which something that should have happened counts as not happening."""

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
[queue]
per_member = 64
[shelf]
enabled = false
[store]
directory = "data"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A process that has ended, and all it wrote."""

    code: int
    out: str
    err: str


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails when it does not come true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


class Program:
    """Starts Punchline in `directory`, where its configuration and its data are.

    `environment` holds overrides, as PUNCHLINE_* variables; `pid` is that of the bot `running`.
    """

    def __init__(self, directory: Path, *, model: Path, **environment: str) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.data = directory / "data"
        self.socket = self.data / "punchline.sock"
        self.log = directory / "run.log"
        self.pid = 0
        self.configuration = directory / "config.toml"
        self.configuration.write_text(_CONFIGURATION.format(model=model), encoding="utf-8")
        self._environment = environment

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        """What the process sees: nothing of Punchline's but what a test wants."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PUNCHLINE_")
        }
        return {**inherited, "PYTHONPATH": str(REPOSITORY), **self._environment, **changes}

    def call(self, *arguments: str, said: str = "", **environment: str) -> Ended:
        """Run it to its end with `said` on standard input."""
        done = subprocess.run(
            self._command(arguments),
            input=said,
            capture_output=True,
            cwd=self.directory,
            env=self.environment(environment),
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr)

    @contextlib.contextmanager
    def started(
        self,
        *arguments: str,
        stdout: int | TextIO = subprocess.PIPE,
        stderr: int | TextIO = subprocess.PIPE,
        **environment: str,
    ) -> Iterator["subprocess.Popen[str]"]:
        """A process with pipes, killed at the end if it has not ended by itself."""
        with subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            cwd=self.directory,
            env=self.environment(environment),
            text=True,
            encoding="utf-8",
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextlib.contextmanager
    def running(self, **environment: str) -> Iterator["subprocess.Popen[str]"]:
        """`punchline run`, from when its socket answers."""
        with (
            self.log.open("w", encoding="utf-8") as log,
            self.started("run", stderr=log, **environment) as process,
        ):
            self.pid = process.pid
            eventually(lambda: self.answers() or process.poll() is not None)
            assert process.poll() is None, self.log.read_text("utf-8")
            yield process

    def answers(self) -> bool:
        """Whether a bot answers on the socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.socket)) == 0

    def worker(self) -> int:
        """The process id of the worker of the bot that is `running`, once it serves."""
        found: list[str] = []

        def look() -> bool:
            found[:] = re.findall(r"Serving .*, process (\d+)\.", self.log.read_text("utf-8"))
            return bool(found)

        eventually(look)
        return int(found[-1])

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database holds."""
        path = self.data / "punchline.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def states(self) -> list[str]:
        """The state of every request, oldest first."""
        return [str(state) for (state,) in self.rows("SELECT state FROM jokes ORDER BY id")]

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "bot", "--config", "config.toml", *arguments]


def ended(process: "subprocess.Popen[str]", *, said: str | None = None) -> Ended:
    """Say the last words to a process, wait for it and read what it still had to say."""
    out, err = process.communicate(said, timeout=PATIENCE)
    return Ended(code=process.returncode, out=out or "", err=err or "")


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """A process that stands still for as long as this lasts."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
