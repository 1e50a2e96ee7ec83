"""The other end of the socket: passes typed lines to a bot in the background and prints replies."""

import asyncio
import codecs
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

__all__ = ["NobodyAnswersError", "attach"]

_BLOCK = 1 << 16


class NobodyAnswersError(Exception):
    """No bot runs in the background; one sentence."""


async def attach(*, path: Path, lines: AsyncIterator[str]) -> None:
    """Talk to the bot on `path` until the lines end or the bot goes.

    Raises `NobodyAnswersError`, and what `lines` raises.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError:
        raise NobodyAnswersError(
            f"No bot answers on {path}; start one with: punchline run"
        ) from None
    sending = asyncio.create_task(_send(lines, writer))
    printing = asyncio.create_task(_print(reader))
    try:
        # Lines that end leave replies to come; lines that fail (Ctrl-C) end it all.
        await asyncio.wait({sending, printing}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        await printing
    finally:
        sending.cancel()
        printing.cancel()
        await asyncio.gather(sending, printing, return_exceptions=True)
        writer.close()


async def _send(lines: AsyncIterator[str], writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        async for line in lines:
            writer.write(line.encode(errors="replace") + b"\n")
            await writer.drain()
        writer.write_eof()


async def _print(reader: asyncio.StreamReader) -> None:
    """Print until the bot hangs up."""
    # A block may end in the middle of a character.
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while block := await _received(reader):
        sys.stdout.write(decoder.decode(block))
        sys.stdout.flush()


async def _received(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_BLOCK)
    except ConnectionError:
        return b""
