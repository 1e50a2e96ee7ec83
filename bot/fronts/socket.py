"""The local front-end of a bot that runs in the background: a Unix socket, one command a line.

It speaks what the terminal front-end speaks on a pipe, to any number of people at once; whoever
may open the socket is known by the user id that the kernel vouches for.
"""

import asyncio
import contextlib
import io
import logging
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bot.fronts.conversation import Conversation
from bot.fronts.lines import unless
from bot.fronts.news import News
from bot.fronts.screen import Screen
from bot.fronts.terminal import TERMINAL
from bot.jokes import Answer

__all__ = ["SocketFront", "SocketInUseError", "refuse_second"]

_LINE_LIMIT = 1 << 20
_LOOK_SECONDS = 0.2

_log = logging.getLogger("punchline.socket")


class SocketInUseError(Exception):
    """Another bot process answers on the socket, or it cannot be made; one sentence."""


async def refuse_second(path: Path) -> None:
    """Raise `SocketInUseError` when a bot answers on `path`."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
        raise SocketInUseError(
            f"A bot is already running here (it answers on {path}); "
            "talk to it with: punchline attach"
        )


class SocketFront:
    """Serves conversations on `path` until `stop`.

    `converse` makes a conversation for a screen and a member.
    """

    name = TERMINAL

    def __init__(self, *, path: Path, converse: Callable[[Screen, str], Conversation]) -> None:
        self._path = path
        self._converse = converse
        self._stopping = asyncio.Event()
        self._talking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve. Raises `SocketInUseError`."""
        await refuse_second(self._path)
        try:
            # Bound, then closed to others, and only then listening: nobody slips in between.
            server = await asyncio.start_unix_server(
                self._meet, self._path, limit=_LINE_LIMIT, start_serving=False
            )
        except OSError as error:
            raise SocketInUseError(
                f"The socket {self._path} cannot be made ({error}); choose a shorter or writable "
                "store.directory in config.toml."
            ) from None
        self._path.chmod(0o600)
        await server.start_serving()
        _log.info("Answering on %s; talk to me with: punchline attach", self._path)
        try:
            await self._stopping.wait()
            server.close()
            # Whoever said stop cancels this when the grace period is over.
            await asyncio.gather(*self._talking, return_exceptions=True)
        finally:
            server.close()
            for task in self._talking:
                task.cancel()
            await asyncio.gather(*self._talking, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Take no further line; what is being answered is answered."""
        self._stopping.set()

    def interrupt(self) -> bool:
        """Nobody sits at this process."""
        return False

    async def reachable(self, address: str) -> bool:
        """A connection does not outlive the process."""
        return False

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        """Never called, since no address is reachable."""

    async def tell_admins(self, news: News) -> None:
        """Whoever asks here watches, and nobody else is told."""

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._talk(reader, writer), name="socket conversation")
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer_lines(reader, writer)
        except ConnectionError:
            return
        except Exception:
            _log.exception("A conversation broke off.")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer_lines(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        paper = io.StringIO()
        screen = Screen(console=Console(file=paper, force_terminal=False))
        conversation = self._converse(screen, _member(writer))
        goes_on = True
        while goes_on and not self._stopping.is_set():
            try:
                line = await self._next(reader)
            except ValueError:
                screen.refuse("That line is too long for me; please start again.")
                goes_on = False
            else:
                goes_on = line is not None and await self._obey(conversation, line, paper, writer)
            await _hand_over(paper, writer)

    async def _obey(
        self,
        conversation: Conversation,
        line: str,
        paper: io.StringIO,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Obey a line; what takes long is read as it comes."""
        obeying = asyncio.create_task(conversation.obey(line, stopping=self._stopping))
        try:
            while not obeying.done():
                await asyncio.wait({obeying}, timeout=_LOOK_SECONDS)
                await _hand_over(paper, writer)
            return obeying.result()
        finally:
            obeying.cancel()
            await asyncio.gather(obeying, return_exceptions=True)

    async def _next(self, reader: asyncio.StreamReader) -> str | None:
        """A line, or None at the end of the connection or when told to stop.

        Raises `ValueError` for an endless line.
        """
        line = await unless(self._stopping, reader.readline())
        return line.decode("utf-8", errors="replace").rstrip("\n") if line else None


async def _hand_over(paper: io.StringIO, writer: asyncio.StreamWriter) -> None:
    """Write what was put on paper. Raises `ConnectionError`."""
    if text := paper.getvalue():
        paper.seek(0)
        paper.truncate()
        writer.write(text.encode(errors="replace"))
        await writer.drain()


def _member(writer: asyncio.StreamWriter) -> str:
    """The user id of whoever opened the connection."""
    connection: socket.socket = writer.get_extra_info("socket")
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return str(struct.unpack("3i", credentials)[1])
    return str(os.getuid())
