"""The Discord front-end as the rest of Punchline sees it."""

import asyncio
import contextlib
import logging

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.core import Core
from bot.fronts.backoff import delays
from bot.fronts.discord.addresses import Address
from bot.fronts.discord.office import Office
from bot.fronts.discord.outages import describe, plain_outages, refusal, will_pass
from bot.fronts.discord.places import FRONT
from bot.fronts.news import News
from bot.jokes import Answer
from bot.settings.sections import DiscordSettings

__all__ = ["DiscordFront"]

_ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=20.0, sock_connect=10.0)

_log = logging.getLogger("punchline.discord")


class DiscordFront:
    """Implements `bot.fronts.port.Front`; `tally_seconds` is how often votes are shown anew."""

    def __init__(self, *, core: Core, settings: DiscordSettings, tally_seconds: float) -> None:
        self.name = FRONT
        self._core = core
        self._settings = settings
        self._tally_seconds = tally_seconds
        self._stopping = asyncio.Event()
        self._logged_in = asyncio.Event()
        self._office: Office | None = None

    async def run(self) -> None:
        """Serve until `stop`. Raises `FrontRefusedError`."""
        # The library has these addresses as attributes of its classes and takes no others.
        Route.BASE = self._settings.rest_url
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url)
        # There is no voice, so nobody needs to hear what is missing for it.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        with plain_outages():
            async with aiohttp.ClientSession(timeout=_ANSWER_TIMEOUT) as web:
                serving = asyncio.create_task(self._serve(web), name="discord")
                stopped = asyncio.create_task(self._stopping.wait())
                try:
                    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
                    if serving.done():
                        await serving
                    elif self._office is not None:
                        await self._office.finish()
                finally:
                    stopped.cancel()
                    serving.cancel()
                    await asyncio.gather(serving, stopped, return_exceptions=True)

    def stop(self) -> None:
        """Let `run` end once what is being answered has been answered."""
        self._stopping.set()

    def interrupt(self) -> bool:
        """Nobody waits here who could type Ctrl-C."""
        return False

    async def reachable(self, address: str) -> bool:
        """Whether an interaction can still be answered, once the bot has logged in."""
        place = Address.read(address)
        if place is None or place.seconds_left <= 0:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(place.seconds_left):
                await self._logged_in.wait()
                return True
        return False

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        """Answer an interaction from before a restart.

        That is an edit, so one that was `perhaps_seen` looks the same afterwards.
        """
        place = Address.read(address)
        if place is not None and self._office is not None:
            await self._office.answer_late(place, answer)

    async def tell_admins(self, news: News) -> None:
        """Bring news to the admins' channel, as soon as the bot has logged in."""
        if self._settings.admin_channel:
            await self._logged_in.wait()
            if self._office is not None:
                await self._office.tell_admins(news)

    async def _serve(self, web: aiohttp.ClientSession) -> None:
        """Log in and stay connected, beginning anew as often as it takes."""
        let_in = False
        for delay in delays():
            self._office = office = Office(
                core=self._core,
                settings=self._settings,
                tally_seconds=self._tally_seconds,
                web=web,
            )
            try:
                await self._stay(office)
            except Exception as error:
                let_in = let_in or office.let_in
                refused = refusal(error, at_start=not let_in)
                if refused is not None:
                    raise refused from None
                if not will_pass(error):
                    raise
                _log.warning(
                    "Discord cannot be reached (%s); trying again in %.0f s.",
                    describe(error),
                    delay,
                )
            finally:
                self._logged_in.clear()
                await office.close()
            await asyncio.sleep(delay)

    async def _stay(self, office: Office) -> None:
        """Raises what ends the connection for good."""
        token = self._settings.token
        await office.client.login(token.get_secret_value() if token else "")
        self._logged_in.set()
        await office.client.connect()
