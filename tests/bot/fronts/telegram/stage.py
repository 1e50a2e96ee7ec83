"""The front-end on a local Telegram, with the real service behind it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.core import Core
from bot.fronts.telegram.front import TelegramFront
from bot.languages import Languages
from bot.learning import Learner
from bot.pausing import Pause
from bot.settings import TelegramSettings
from finetune.candidates import Candidate
from tests.platforms.telegram import Chat, FloodLimits, Message, TelegramServer
from tests.twins.generator import Scripted, ScriptedGenerator
from tests.twins.learner import ScriptedLearner
from tests.twins.service import communities_on, drawn, service_on
from tests.twins.store import MemoryStore

__all__ = ["BULL", "NO_LIMITS", "OCEAN", "Stage", "front_on", "later", "staged"]

BULL = "What do you call a sleeping bull? A bulldozer."
OCEAN = "What did the ocean say to the beach? Nothing, it just waved."
NO_LIMITS = FloodLimits(overall_per_second=None, private_per_second=None, group_per_minute=None)
TALLY_SECONDS = 0.05
_PATIENCE = 10


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A running front-end."""

    server: TelegramServer
    front: TelegramFront
    core: Core
    store: MemoryStore
    generator: ScriptedGenerator
    running: "asyncio.Task[None]"

    async def joke(self, user: Any, chat: Chat, text: str = "/joke") -> Message:
        """Ask for a joke and wait for the message that tells it."""
        before = len(self.store.records.shown)
        await self.server.say(user, chat, text)
        await self.server.until(lambda: len(self.store.records.shown) > before)
        return self.server.messages(chat)[-1]

    async def answered(self, user: Any, chat: Chat, text: str) -> Message:
        """Say something and wait for one more message of the bot."""
        before = len(chat.sent)
        await self.server.say(user, chat, text)
        await self.server.until(lambda: len(chat.sent) > before)
        return chat.sent[-1]

    async def shows(self, message: Any, *labels: str) -> None:
        """Wait until a message has these buttons."""
        await self.server.until(lambda: labels_of(message) == list(labels))

    async def stop(self) -> None:
        """End it as SIGTERM would."""
        self.front.stop()
        async with asyncio.timeout(_PATIENCE):
            await self.running


def labels_of(message: Any) -> list[str]:
    """What is written on the buttons."""
    return [button.label for row in message.buttons for button in row]


def later() -> "asyncio.Future[Sequence[Candidate]]":
    """An answer that a test delivers when it wants to."""
    return asyncio.get_running_loop().create_future()


def front_on(
    server: TelegramServer,
    *,
    store: MemoryStore,
    generator: ScriptedGenerator,
    token: str | None = None,
    languages: Languages | None = None,
    learner: Learner | None = None,
    tally_seconds: float = TALLY_SECONDS,
    **settings: Any,
) -> tuple[TelegramFront, Core]:
    """A front-end that is not running yet, and what is behind it."""
    communities = communities_on(store.records)
    pause = Pause(records=store.records)
    core = Core(
        jokes=service_on(store=store, generator=generator, communities=communities, pause=pause),
        communities=communities,
        records=store.records,
        learner=learner or ScriptedLearner(),
        pause=pause,
        languages=languages or Languages.load(),
        serving=lambda: "scripted",
    )
    chosen = TelegramSettings(
        token=SecretStr(token or server.token), base_url=server.base_url, **settings
    )
    return TelegramFront(core=core, settings=chosen, tally_seconds=tally_seconds), core


@asynccontextmanager
async def staged(
    server: TelegramServer,
    *answers: Scripted | str,
    store: MemoryStore | None = None,
    place: Any = None,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """The front-end, from when it waits for updates; a string is an answer of one joke."""
    store = store or MemoryStore()
    generator = ScriptedGenerator(
        [drawn(answer) if isinstance(answer, str) else answer for answer in answers], place=place
    )
    front, core = front_on(server, store=store, generator=generator, **settings)
    running = asyncio.create_task(front.run())
    stage = Stage(
        server=server,
        front=front,
        core=core,
        store=store,
        generator=generator,
        running=running,
    )
    try:
        polled = asyncio.create_task(server.polled())
        await asyncio.wait({polled, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        await polled
        yield stage
        if not running.done():
            await stage.stop()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
