"""Lines from a pipe, a file or a device, which asyncio alone cannot read alike."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

__all__ = ["read_lines", "unless"]

T = TypeVar("T")

_LONGEST_LINE = 1 << 20
_BLOCK = 1 << 16
_READ_AHEAD = 64

_log = logging.getLogger("punchline.lines")


async def read_lines(descriptor: int) -> AsyncIterator[str]:
    """Every line as it comes, without its end.

    Bytes that are not UTF-8 are replaced; what follows the first MiB of a line is dropped. What
    cannot be read (a directory, a terminal that has gone) ends like a file.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    room = threading.Semaphore(_READ_AHEAD)
    unwanted = threading.Event()

    def pump() -> None:
        # A loop that has closed means that nobody wants the lines any more.
        with contextlib.suppress(RuntimeError):
            for raw in _raw_lines(descriptor):
                room.acquire()
                if unwanted.is_set():
                    return
                line = raw.decode("utf-8", errors="replace")
                loop.call_soon_threadsafe(queue.put_nowait, line)
            loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=pump, daemon=True, name="standard input").start()
    try:
        while (line := await queue.get()) is not None:
            room.release()
            yield line
    finally:
        unwanted.set()
        room.release()


async def unless(stopping: asyncio.Event, reading: Coroutine[Any, Any, T]) -> T | None:
    """What `reading` brings, or None when `stopping` is set first; raises what it raises."""
    task = asyncio.create_task(reading)
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stop.cancel()
        await asyncio.gather(task, stop, return_exceptions=True)


def _raw_lines(descriptor: int) -> Iterator[bytes]:
    pending = b""
    while block := _block(descriptor):
        *whole, pending = (pending + block).split(b"\n")
        yield from (line[:_LONGEST_LINE] for line in whole)
        pending = pending[:_LONGEST_LINE]
    if pending:
        yield pending


def _block(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _BLOCK)
    except OSError as error:
        _log.warning("Standard input cannot be read: %s.", error.strerror)
        return b""
