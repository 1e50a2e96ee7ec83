"""The terminal front-end: line editing for a person, one command a line from a pipe."""

import asyncio
from collections.abc import AsyncIterator, Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.patch_stdout import patch_stdout

from bot.fronts.commands import NAMES
from bot.fronts.conversation import Conversation
from bot.fronts.lines import unless
from bot.fronts.news import News
from bot.fronts.port import InterruptedByMemberError
from bot.jokes import Answer

__all__ = ["TERMINAL", "TerminalFront", "typed_lines"]

TERMINAL = "terminal"


class TerminalFront:
    """Talks to whoever sits at standard input, until end of file, /quit or `stop`.

    Ctrl-C while a person awaits a joke gives up the joke, and while they watch a run the watching;
    at the prompt, and when the lines come from a program, it ends everything.
    """

    name = TERMINAL

    def __init__(
        self,
        *,
        conversation: Conversation,
        lines: AsyncIterator[str],
        say: Callable[[str], None],
        interactive: bool,
    ) -> None:
        self._conversation = conversation
        self._lines = lines
        self._say = say
        self._interactive = interactive
        self._stopping = asyncio.Event()
        self._obeying: asyncio.Task[bool] | None = None

    async def run(self) -> None:
        """Obey one line after the other. Raises `InterruptedByMemberError`."""
        while not self._stopping.is_set():
            line = await self._next()
            if line is None or not await self._obey(line):
                return

    def stop(self) -> None:
        """Take no further line; the one being answered is answered."""
        self._stopping.set()

    def interrupt(self) -> bool:
        """Give up the joke that a person awaits, if any."""
        return self._interactive and self._obeying is not None and self._obeying.cancel()

    async def reachable(self, address: str) -> bool:
        """A terminal that has gone cannot be answered."""
        return False

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        """Never called, since no address is reachable."""

    async def tell_admins(self, news: News) -> None:
        """Whoever asks here watches, and nobody else is told."""

    async def _next(self) -> str | None:
        """The next line, or None at the end of input or when told to stop."""
        return await unless(self._stopping, self._read())

    async def _read(self) -> str | None:
        return await anext(self._lines, None)

    async def _obey(self, line: str) -> bool:
        self._obeying = asyncio.create_task(self._conversation.obey(line, stopping=self._stopping))
        try:
            return await self._obeying
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            self._say(self._conversation.given_up)
            return True
        finally:
            self._obeying = None


async def typed_lines() -> AsyncIterator[str]:
    """Lines typed by a person, with editing, history and completion of commands.

    Raises `InterruptedByMemberError` on Ctrl-C.
    """
    commands = WordCompleter([f"/{name}" for name in NAMES], sentence=True)
    session: PromptSession[str] = PromptSession(
        HTML("<ansigreen><b>you ›</b></ansigreen> "), completer=commands
    )
    while True:
        try:
            with patch_stdout(raw=True):
                line = await session.prompt_async(handle_sigint=False)
        except EOFError:
            return
        except KeyboardInterrupt:
            raise InterruptedByMemberError from None
        yield line
