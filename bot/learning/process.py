"""A `python -m finetune` process: its progress, its end, and what it said if it failed."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["FinetuneError", "ProgressLine", "run_finetune"]

_LINE_LIMIT = 1 << 24
_LAST_WORDS = 400
# A step of a large model may have to end before the signal is heeded, and a checkpoint be written.
_FAREWELL_SECONDS = 45.0

ProgressLine = Mapping[str, Any]


class FinetuneError(Exception):
    """The process could not do its work; the message is its own last sentence."""


async def run_finetune(
    arguments: Sequence[str],
    *,
    hear: Callable[[ProgressLine], None],
    niceness: int = 0,
    tied: bool = False,
    environment: Mapping[str, str] | None = None,
) -> ProgressLine:
    """Run a command of `finetune` to its end; `hear` gets each line, the last one is returned.

    A `tied` process is told by the end of its standard input that this one is gone, and saves its
    work. So it does when the awaiting task is cancelled; whoever does not heed that is killed.
    Raises `FinetuneError`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "finetune", *arguments, "--progress", "json"),
        *(("--tied",) if tied else ()),
        stdin=PIPE if tied else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LINE_LIMIT,
        env={**os.environ, **(environment or {})},
        # Ctrl-C is for the bot, which then ends the process in its own way.
        start_new_session=True,
    )
    try:
        _stand_back(process.pid, niceness)
        return await _follow(process, hear)
    finally:
        await _end(process)


def _stand_back(pid: int, niceness: int) -> None:
    with contextlib.suppress(OSError):  # it has ended already, and its last words say why
        os.setpriority(os.PRIO_PROCESS, pid, niceness)


async def _follow(process: Process, hear: Callable[[ProgressLine], None]) -> ProgressLine:
    if process.stdout is None or process.stderr is None:
        raise ValueError("the process needs pipes for its output")
    complaint = asyncio.create_task(_last_words(process.stderr))
    last: ProgressLine = {}
    try:
        async for line in process.stdout:
            # Whatever a library prints is none of ours.
            with contextlib.suppress(ValueError):
                if isinstance(found := json.loads(line), dict):
                    last = found
                    hear(found)
        status = await process.wait()
        said = await complaint
    finally:
        complaint.cancel()
    if status == 0 and last.get("stage") == "done":
        return last
    if status < 0:
        raise FinetuneError(f"It was killed by {signal.Signals(-status).name}.")
    raise FinetuneError(said or f"It ended with status {status}.")


async def _last_words(stream: asyncio.StreamReader) -> str:
    """The last line that says anything; the stream is read to its end, so that nothing blocks."""
    words = b""
    while block := await stream.read(1 << 16):
        words = (words + block)[-(1 << 16) :]
    lines = words.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:_LAST_WORDS] if lines else ""


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    try:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        # Nobody reads its output any more, and a full pipe would keep it from ending.
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await process.communicate()
    except TimeoutError:
        await _kill(process)
    except asyncio.CancelledError:
        await _kill(process)
        raise


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
