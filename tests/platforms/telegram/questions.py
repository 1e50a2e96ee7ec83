"""What a person did that the bot must answer: a press of a button, an inline query."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.platforms.telegram.messages import Content, Message
from tests.platforms.telegram.parameters import Json
from tests.platforms.telegram.users import User

__all__ = ["CallbackAnswer", "InlineAnswer", "InlineQuery", "Press"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackAnswer:
    """What the person who pressed a button is shown; `alert` means a box, not a line."""

    text: str
    alert: bool
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InlineAnswer:
    """What the person who asks inline is offered; `contents` are by the id of the result."""

    results: Sequence[Json]
    contents: dict[str, Content]
    personal: bool
    cache_seconds: int
    next_offset: str


@dataclass(eq=False, kw_only=True)
class _Question:
    id: str
    user: User
    time: float = field(default_factory=time.monotonic)
    answered_at: float | None = None
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answered(self) -> bool:
        """Whether the bot has answered."""
        return self._done.is_set()

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        assert self.answered_at is not None, "it is not answered yet"
        return self.answered_at - self.time

    def older_than(self, seconds: float) -> bool:
        """Whether it is too late for an answer."""
        return time.monotonic() - self.time > seconds

    async def _finished(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self._done.wait()

    def _finish(self) -> None:
        self.answered_at = time.monotonic()
        self._done.set()


@dataclass(eq=False, kw_only=True)
class Press(_Question):
    """A pressed button; `message` is None under an inline message."""

    data: str
    message: Message | None = None
    inline_message_id: str | None = None
    answer: CallbackAnswer | None = None

    @property
    def text(self) -> str:
        """What the person is shown, "" so far or for an empty answer."""
        return self.answer.text if self.answer else ""

    @property
    def alert(self) -> bool:
        """Whether it is shown in a box."""
        return self.answer is not None and self.answer.alert

    def finish(self, answer: CallbackAnswer) -> None:
        """The bot answers."""
        self.answer = answer
        self._finish()

    async def wait(self, seconds: float = 20) -> CallbackAnswer:
        """Wait for the answer. Raises `TimeoutError`."""
        await self._finished(seconds)
        assert self.answer is not None
        return self.answer


@dataclass(eq=False, kw_only=True)
class InlineQuery(_Question):
    """What somebody typed behind the bot's name."""

    query: str
    answer: InlineAnswer | None = None

    @property
    def results(self) -> Sequence[Json]:
        """The results offered, as the bot sent them; none so far."""
        return self.answer.results if self.answer else ()

    def finish(self, answer: InlineAnswer) -> None:
        """The bot answers."""
        self.answer = answer
        self._finish()

    async def wait(self, seconds: float = 20) -> InlineAnswer:
        """Wait for the answer. Raises `TimeoutError`."""
        await self._finished(seconds)
        assert self.answer is not None
        return self.answer
