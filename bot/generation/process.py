"""One worker process from the outside: its pipes, its reports, its last words."""

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Self

from bot.generation.protocol import Order, ProtocolError, Ready, Report, decode_report, encode
from bot.logs import read_worker_line

__all__ = ["PATIENT_THREADS", "WorkerProcess"]

_LINE_LIMIT = 1 << 24
# OpenMP threads that spin while they wait take the very cores they wait for as soon as anything
# else computes on the machine: a decoding step then takes a hundred times as long.
PATIENT_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
_FAREWELL_SECONDS = 2.0

_log = logging.getLogger("punchline.worker")


class WorkerProcess:
    """A started worker, a `Connection`. Always `await stop()` it; nothing of it outlives that."""

    def __init__(self, *, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("a worker needs pipes for its three standard streams")
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._listening = asyncio.create_task(self._listen(process.stderr), name="worker log")
        self._last_words = ""

    @classmethod
    async def start(cls, command: Sequence[str]) -> Self:
        """Run a command that speaks the protocol. Raises `OSError`.

        It gets a session of its own: Ctrl-C is for the bot, which then lets the worker finish.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_LIMIT,
            env={**PATIENT_THREADS, **os.environ},
            start_new_session=True,
        )
        return cls(process=process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def outage(self) -> bool:
        """A worker that dies has its own version to blame."""
        return False

    def described(self, ready: Ready) -> str:
        """Where the worker computes."""
        return f"on {ready.device} in {ready.dtype}, process {self.pid}"

    def send(self, order: Order) -> None:
        """Hand over an order; one sent to a worker that has died is lost with it."""
        if not self._stdin.is_closing():
            self._stdin.write(encode(order))

    async def report(self) -> Report | None:
        """The next report, or None when the worker has ended.

        Safe to cancel. Raises `ProtocolError`.
        """
        try:
            line = await self._stdout.readline()
        except ValueError as error:
            raise ProtocolError(f"a line of more than {_LINE_LIMIT} bytes") from error
        return decode_report(line) if line.endswith(b"\n") else None

    async def stop(self) -> str:
        """End the process, kindly first; returns the signal that killed it or what it said last."""
        self._stdin.close()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        except asyncio.CancelledError:
            self.kill()
            await self._process.wait()
            raise
        status = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._listening
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return self._last_words or f"it ended with status {status}"

    def kill(self) -> None:
        """End a process that does not answer, at once; `stop` still has to be awaited."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Pass on what the worker logs and remember its last line, which often says why it died."""
        while not stream.at_eof():
            # A line that is too long raises and is dropped; nothing may stop the listening.
            with contextlib.suppress(ValueError):
                line = (await stream.readline()).decode(errors="replace").rstrip()
                request, text = read_worker_line(line)
                if text:
                    self._last_words = text[:500]
                    _log.debug("%s", text, extra={"request": request})
