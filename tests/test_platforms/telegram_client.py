"""The genuine python-telegram-bot, pointed at the local server."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

from telegram import Bot, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseHandler,
    BaseRateLimiter,
    TypeHandler,
)
from telegram.request import HTTPXRequest

from tests.platforms.telegram import FloodLimits, TelegramServer

__all__ = ["NO_LIMITS", "Heard", "bot_of", "polling", "prepared"]

NO_LIMITS = FloodLimits(overall_per_second=None, private_per_second=None, group_per_minute=None)
_PATIENCE = 5.0


class Heard(list[Update]):
    """A bot that only listens, and what it heard."""

    def handler(self) -> "BaseHandler[Any, Any, Any]":
        """To be put into an application."""

        async def hear(update: Update, _: object) -> None:
            self.append(update)

        return TypeHandler(Update, hear)


@contextlib.asynccontextmanager
async def bot_of(
    server: TelegramServer, *, token: str | None = None, seconds: float = _PATIENCE
) -> AsyncIterator[Bot]:
    """A bare bot; it waits `seconds` for an answer."""
    request = HTTPXRequest(read_timeout=seconds)
    bot = Bot(token or server.token, base_url=server.base_url, request=request)
    async with bot:
        yield bot


def prepared(
    server: TelegramServer,
    *handlers: "BaseHandler[Any, Any, Any]",
    rate_limiter: "BaseRateLimiter[Any] | None" = None,
) -> "Application[Any, Any, Any, Any, Any, Any]":
    """An application that is not running yet."""
    builder = ApplicationBuilder().token(server.token).base_url(server.base_url)
    if rate_limiter is not None:
        builder = builder.rate_limiter(rate_limiter)
    application = builder.build()
    application.add_handlers(handlers)
    return application


@contextlib.asynccontextmanager
async def polling(
    server: TelegramServer,
    *handlers: "BaseHandler[Any, Any, Any]",
    allowed_updates: Iterable[str] | None = None,
    rate_limiter: "BaseRateLimiter[Any] | None" = None,
) -> AsyncIterator[Bot]:
    """An application that polls, from when the server has seen it do so."""
    application = prepared(server, *handlers, rate_limiter=rate_limiter)
    assert application.updater is not None
    async with application:
        await application.start()
        asked = None if allowed_updates is None else list(allowed_updates)
        await application.updater.start_polling(allowed_updates=asked)
        await server.polled()
        try:
            yield application.bot
        finally:
            await application.updater.stop()
            await application.stop()
