"""The Discord front-end in a Discord of its own, with the real service on in-memory ports."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from bot.core import Core
from bot.fronts.discord.front import DiscordFront
from bot.jokes import Community
from bot.settings.sections import DiscordSettings
from tests.platforms.discord.interaction import Interaction
from tests.platforms.discord.message import Message
from tests.platforms.discord.people import Member
from tests.platforms.discord.places import Channel
from tests.platforms.discord.server import DiscordServer
from tests.twins.core import core_on
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.learner import ScriptedLearner
from tests.twins.service import drawn
from tests.twins.store import MemoryStore

__all__ = ["JOKE", "SHOWN", "Stage", "sentences", "shown"]

JOKE = "Why did the *duck* cross?\n- To quack up."
SHOWN = "Why did the \\*duck\\* cross?\n\\- To quack up."
_MORE = ("Why did the goose fly?\nIt was late.", "What does a swan read?\nThe feather forecast.")


class Stage:
    """A guild with a channel and members, and a front-end that can be started again and again."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.store = MemoryStore()
        self.learner = ScriptedLearner()
        self.guild = server.guild()
        self.channel = server.channel(self.guild)
        self.ann, self.bob = server.member(), server.member()
        self.boss = server.member(administrator=True)
        self.here = Community(front="discord", key=str(self.guild.id))
        self.core: Core
        self.generator: ScriptedGenerator

    def front(self, *answers: Scripted, **settings: Any) -> DiscordFront:
        """A front-end on the same store; by default it has three jokes to tell, `JOKE` first."""
        jokes = [drawn(text) for text in (JOKE, *_MORE)]
        self.generator = ScriptedGenerator(answers or jokes)
        self.core = core_on(store=self.store, generator=self.generator, learner=self.learner)
        values = {
            "token": SecretStr(self.server.token),
            "admins": (str(self.boss.id),),
            "rest_url": self.server.rest_url,
            "gateway_url": self.server.gateway_url,
            **settings,
        }
        return DiscordFront(core=self.core, settings=DiscordSettings(**values), tally_seconds=0.1)

    @asynccontextmanager
    async def open(self, *answers: Scripted, **settings: Any) -> AsyncIterator[DiscordFront]:
        """The same, connected; stopped in the end."""
        async with self.running(self.front(*answers, **settings)) as front:
            yield front

    @asynccontextmanager
    async def running(self, front: DiscordFront) -> AsyncIterator[DiscordFront]:
        """A front-end, connected; stopped in the end."""
        running = asyncio.create_task(front.run())
        try:
            await self.server.until(lambda: running.done() or self.server.gateway.connected())
            yield front
        finally:
            front.stop()
            await asyncio.wait_for(running, 20)
            await self.server.until(lambda: not self.server.gateway.connected())
            # The library leaves its connector to close in the next turns of the loop.
            await asyncio.sleep(0.05)

    async def use(
        self,
        command: str,
        member: Member | None = None,
        channel: Channel | None = None,
        **more: Any,
    ) -> Interaction:
        """Use a command; `more` are its options, or `details` of the interaction."""
        details = more.pop("details", {})
        return await self.server.slash(
            command,
            member=member or self.ann,
            channel=channel or self.channel,
            options=more,
            **details,
        )

    async def use_when_ready(self, command: str) -> Interaction:
        """Use a command as soon as it is registered."""
        await self.server.until(self.server.commands.registered)
        return await self.use(command)

    async def told(self, member: Member | None = None, channel: Channel | None = None) -> Message:
        """The message of a new joke, with its buttons and reactions."""
        place = channel or self.channel
        message = await (await self.use("joke", member, place)).answer()
        await self.server.until(lambda: self.store.records.shown)
        if not place.denied and place.reachable():
            await self.server.until(lambda: len(message.reactions) == 2)
        return message

    async def says(self, interaction: Interaction) -> str:
        """What the member alone reads."""
        await self.server.until(lambda: sentences(interaction))
        return sentences(interaction)[-1]

    async def tally(self, message: Message, expected: Sequence[str]) -> None:
        """Wait until the buttons show these numbers."""
        await self.server.until(lambda: shown(message) == list(expected), seconds=5)


def sentences(interaction: Interaction) -> list[str]:
    """What only the member reads."""
    return [each.content for each in interaction.answers if each.ephemeral and not each.deleted]


def shown(message: Message) -> list[str]:
    """The labels of a message's vote buttons."""
    buttons = [part for row in message.components for part in row["components"]]
    return [part["label"] for part in buttons if part.get("label")]
