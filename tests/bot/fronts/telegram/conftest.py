"""A local Telegram without flood limits."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.fronts.telegram.stage import NO_LIMITS
from tests.platforms.telegram import TelegramServer


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramServer]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with TelegramServer(limits=NO_LIMITS) as running:
        yield running
