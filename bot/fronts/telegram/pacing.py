"""Keeps to Telegram's flood limits, which count messages and nothing else."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram.ext import AIORateLimiter

__all__ = ["Pace"]

_RETRIES = 10
_COUNTED = frozenset(
    {"sendMessage", "sendPhoto", "sendDocument", "editMessageText", "editMessageReplyMarkup"}
)


class Pace(AIORateLimiter):
    """30 messages a second, 20 a minute in a group, and as long a pause as Telegram asks for.

    Typing, reactions and questions about members do not use up what a group may be sent
    (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
    """

    def __init__(self) -> None:
        super().__init__(max_retries=_RETRIES)

    async def process_request(  # noqa: PLR0917 - the library decides
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """Make a request when it is allowed; the library only looks for the chat in `data`."""
        return await super().process_request(
            callback=callback,
            args=args,
            kwargs=kwargs,
            endpoint=endpoint,
            data=data if endpoint in _COUNTED else {},
            rate_limit_args=rate_limit_args,
        )
