"""Answers to interactions, by the token that comes with each."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Any, TypeVar, cast

import aiohttp
import discord

from bot.fronts.backoff import delays
from bot.fronts.discord.addresses import TOKEN_SECONDS
from bot.fronts.discord.outages import OUTAGES, describe, will_pass

__all__ = ["Manner", "Replies", "Reply"]

_T = TypeVar("_T")

_ATTEMPTS = 2
_ATTEMPT_SECONDS = 1.4
_ALREADY_ACKNOWLEDGED = 40060
_GONE = (10003, 10008, 10015, 10062, 50001, 50027)
# The message an interaction began with has this name in place of an id.
_ORIGINAL = cast(int, "@original")

_log = logging.getLogger("punchline.discord")


class Manner(Enum):
    """How an interaction is answered: for all to see, for the member alone, or by a change of the
    message whose button was pressed.
    """

    PUBLIC = auto()
    PRIVATE = auto()
    UPDATE = auto()


class Reply:
    """One answer. A method that does something twice leads to what doing it once leads to.

    `until` is when the token loses its power, in seconds since 1970.
    """

    def __init__(self, *, webhook: discord.Webhook, manner: Manner, until: float) -> None:
        self._webhook = webhook
        self._manner = manner
        self.until = until

    async def show(
        self, content: str, *, view: discord.ui.View | None = None
    ) -> discord.WebhookMessage | None:
        """Make the message say this, and try until it does; None when it is gone."""
        return await self._patiently(lambda: self.show_once(content, view=view))

    async def show_once(
        self, content: str, *, view: discord.ui.View | None = None
    ) -> discord.WebhookMessage:
        """Make the message say this. Raises what discord.py raises."""
        return await self._webhook.edit_message(_ORIGINAL, content=content, view=view)

    async def whisper(self, content: str) -> None:
        """Say something more, for the member alone."""
        # Nobody knows whether a message that was not confirmed has arrived, and two would be odd.
        try:
            await self._webhook.send(content, ephemeral=True)
        except (*OUTAGES, discord.HTTPException) as error:
            _log.info("A member could not be told something: %s", describe(error))

    async def add(self, content: str, files: Sequence[discord.File]) -> None:
        """Say something more to whoever sees the message. Raises what discord.py raises."""
        await self._webhook.send(content, files=files)

    async def refuse(self, sentence: str) -> None:
        """Answer with a sentence that only the member sees."""
        if self._manner is Manner.PRIVATE:
            await self.show(sentence)
            return
        if self._manner is Manner.PUBLIC:
            # What is sent while the bot is still "thinking" for all to see, all would see.
            await self.withdraw()
        await self.whisper(sentence)

    async def withdraw(self) -> None:
        """Take the message away."""
        await self._patiently(lambda: self._webhook.delete_message(_ORIGINAL))

    async def _patiently(self, work: Callable[[], Awaitable[_T]]) -> _T | None:
        for delay in delays():
            try:
                return await work()
            except (*OUTAGES, discord.HTTPException) as error:
                if isinstance(error, discord.HTTPException) and error.code in _GONE:
                    _log.info("A message cannot be changed any more: %s", describe(error))
                    return None
                if not will_pass(error):
                    raise
                if time.time() + delay > self.until:
                    _log.warning("An answer could not be sent: %s", describe(error))
                    return None
            await asyncio.sleep(delay)
        return None


class Replies:
    """Makes them. `web` is a session with a time limit, which that of discord.py has not."""

    def __init__(self, *, client: discord.Client, web: aiohttp.ClientSession) -> None:
        self._client = client
        self._web = web

    async def begin(self, interaction: discord.Interaction[Any], manner: Manner) -> Reply | None:
        """Acknowledge an interaction at once; None when it is too late for that."""
        if not await _acknowledged(interaction, private=manner is Manner.PRIVATE):
            return None
        return self.resume(
            interaction.application_id,
            interaction.token,
            manner=manner,
            until=interaction.created_at.timestamp() + TOKEN_SECONDS,
        )

    def resume(self, application_id: int, token: str, *, manner: Manner, until: float) -> Reply:
        """The answer to an interaction that has been acknowledged."""
        webhook = discord.Webhook.partial(
            application_id, token, session=self._web, client=self._client
        )
        # Else the library would not let it send what only one member sees.
        webhook.type = discord.WebhookType.application
        return Reply(webhook=webhook, manner=manner, until=until)


async def _acknowledged(interaction: discord.Interaction[Any], *, private: bool) -> bool:
    """Whether Discord may know that the bot has heard."""
    for _ in range(_ATTEMPTS):
        try:
            async with asyncio.timeout(_ATTEMPT_SECONDS):
                await interaction.response.defer(ephemeral=private)
        except discord.HTTPException as error:
            if error.code == _ALREADY_ACKNOWLEDGED:
                return True
            if not will_pass(error):
                _log.warning("An interaction cannot be answered: %s", describe(error))
                return False
        except OUTAGES as error:
            _log.info("An interaction is perhaps not acknowledged: %s", describe(error))
        else:
            return True
    return True
