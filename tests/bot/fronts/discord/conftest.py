"""A stage for every test."""

from collections.abc import AsyncIterator

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.bot.fronts.discord.stage import Stage
from tests.platforms.discord.limits import Limit
from tests.platforms.discord.server import DiscordServer


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a front-end changes in the library is undone."""
    for owner, name in ((Route, "BASE"), (DiscordWebSocket, "DEFAULT_GATEWAY")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(discord.VoiceClient, "warn_nacl", False)
    monkeypatch.setattr(discord.VoiceClient, "warn_dave", False)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    # Discord's own limits, which other tests keep to, would make these slow.
    limits = dict.fromkeys(("reactions", "webhooks"), Limit(requests=100, seconds=1.0))
    async with DiscordServer(limits=limits) as server:
        yield Stage(server)
