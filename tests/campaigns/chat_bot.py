"""A real bot between a Discord and a Telegram of this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.campaigns.bot_process import BotProcess
from tests.campaigns.stage import Stage
from tests.platforms.discord.server import DiscordServer
from tests.platforms.telegram import TelegramServer

__all__ = ["chat_bot"]

_START_SECONDS = 120.0


@asynccontextmanager
async def chat_bot(
    stage: Stage,
    *,
    discord: DiscordServer,
    telegram: TelegramServer,
    changes: Mapping[str, str | float],
) -> AsyncIterator[BotProcess]:
    """A bot with these settings that both platforms can ask; killed at the end if it still runs."""
    places = {
        "discord.rest_url": discord.rest_url,
        "discord.gateway_url": discord.gateway_url,
        "telegram.base_url": telegram.base_url,
    }
    bot = await BotProcess.start(
        config=stage.configuration({**changes, **places}),
        data=stage.data,
        log=stage.log,
        PUNCHLINE_DISCORD__TOKEN=discord.token,
        PUNCHLINE_TELEGRAM__TOKEN=telegram.token,
    )
    try:
        await discord.connected(seconds=_START_SECONDS)
        await telegram.polled(seconds=_START_SECONDS)
        await discord.until(lambda: "joke" in discord.commands.registered(), seconds=_START_SECONDS)
        yield bot
    finally:
        await bot.kill()
