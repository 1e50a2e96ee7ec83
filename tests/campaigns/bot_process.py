"""A real bot in a process of its own, and people who talk to it over its socket."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

__all__ = ["BotProcess", "Gone", "Line"]

_SOCKET = "punchline.sock"
_START_SECONDS = 120.0
_REPLY_SECONDS = 90.0
_PAUSE_SECONDS = 0.05
# No command, and answered at once: what comes before the answer belongs to the line before.
_MARK = b"/eh\n"
_MARKED = "I don't know /eh"


class Gone(Exception):  # noqa: N818 - reads as what has happened
    """The bot has closed the connection or does not answer."""


class Line:
    """One connection to the bot."""

    def __init__(self, *, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, line: str) -> list[str]:
        """All lines of the reply. Raises `Gone`."""
        try:
            self._writer.write(line.encode() + b"\n" + _MARK)
            async with asyncio.timeout(_REPLY_SECONDS):
                await self._writer.drain()
                return await self._reply()
        except (OSError, TimeoutError) as error:
            raise Gone(str(error)) from error

    async def _reply(self) -> list[str]:
        lines: list[str] = []
        while block := await self._reader.readline():
            text = block.decode().rstrip("\n")
            if text.startswith(_MARKED):
                return lines
            lines.append(text)
        raise Gone("the connection was closed")

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class BotProcess:
    """A started `punchline run`. Always end it with `kill` or `terminate`."""

    def __init__(self, *, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._process = process
        self._socket = socket

    @classmethod
    async def start(cls, *, config: Path, data: Path, log: Path, **variables: str) -> "BotProcess":
        """Start a bot that appends its log to a file; `variables` are for its environment."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("PUNCHLINE_")
        }
        environment = {**inherited, **variables}
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "--config", str(config), "run"),
                stdin=DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
            )
        return cls(process=process, socket=data / _SOCKET)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def call(self) -> Line:
        """Connect as soon as the bot answers. Raises `Gone`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                while self._process.returncode is None:
                    with contextlib.suppress(OSError):
                        reader, writer = await asyncio.open_unix_connection(self._socket)
                        return Line(reader=reader, writer=writer)
                    await asyncio.sleep(_PAUSE_SECONDS)
        raise Gone(f"the bot does not answer on {self._socket}")

    async def kill(self) -> None:
        """SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def terminate(self, *, seconds: float) -> int:
        """SIGTERM; returns the exit status, that of SIGKILL if the bot took too long."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._process.wait()
        await self.kill()
        return await self._process.wait()
