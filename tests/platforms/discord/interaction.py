"""One interaction of a member with the bot, and all that came of it."""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum

from tests.platforms.discord.message import Edit, Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.places import Channel
from tests.platforms.discord.rules import Payload

__all__ = ["Callback", "Interaction", "Kind"]


class Kind(IntEnum):
    """What the member did."""

    COMMAND = 2
    COMPONENT = 3
    COMPLETION = 4
    MODAL = 5


class Callback(IntEnum):
    """How the bot answered at first."""

    MESSAGE = 4
    THINKING = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False, kw_only=True, slots=True)
class Interaction:
    """`at` and all moments are seconds of the server's clock.

    `original` is the message that the first answer made or, for a component, belongs to. `source`
    is the message whose component was used. `choices` and `modal` are what the bot offered.
    """

    id: int
    token: str
    kind: Kind
    member: Member
    channel: Channel
    payload: Payload
    at: float
    source: Message | None = None
    callback: Callback | None = None
    acknowledged_after: float | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Payload] | None = None
    modal: Payload | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acknowledged(self) -> bool:
        """Whether the bot has reacted at all."""
        return self.callback is not None

    @property
    def deferred(self) -> bool:
        """Whether the bot asked for time at first."""
        return self.callback in (Callback.THINKING, Callback.DEFERRED_UPDATE)

    @property
    def answers(self) -> list[Message]:
        """The messages it led to, without one that is still thinking."""
        replied = self.callback in (Callback.MESSAGE, Callback.THINKING)
        first = [self.original] if replied and self.original is not None else []
        return [message for message in [*first, *self.followups] if not message.thinking]

    @property
    def edits(self) -> list[Edit]:
        """How the original was changed, oldest first."""
        return [] if self.original is None else self.original.edits

    @property
    def ephemeral(self) -> bool:
        """Whether only the member sees the original."""
        return self.original is not None and self.original.ephemeral

    @property
    def deleted(self) -> bool:
        """Whether the original has been deleted."""
        return self.original is not None and self.original.deleted

    def acknowledge(self, callback: Callback, *, at: float) -> None:
        """Note the first answer."""
        self.callback = callback
        self.acknowledged_after = at - self.at

    def message(self, message_id: int | None) -> Message | None:
        """The original (None), or one of the messages by id; None where it is gone."""
        found = self.original
        if message_id is not None:
            known = [*self.followups, *([self.original] if self.original else [])]
            found = next((each for each in known if each.id == message_id), None)
        return None if found is None or found.deleted else found

    def wake(self) -> None:
        """Tell those who wait that something has changed."""
        self._changed.set()

    async def answer(self, *, seconds: float = 20.0) -> Message:
        """The first answer, once it is there. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not self.answers:
                self._changed.clear()
                await self._changed.wait()
        return self.answers[0]

    async def acknowledgement(self, *, seconds: float = 20.0) -> Callback:
        """How the bot reacted at first, once it did. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while self.callback is None:
                self._changed.clear()
                await self._changed.wait()
        return self.callback
