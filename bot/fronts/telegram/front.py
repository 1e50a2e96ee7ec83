"""Punchline on Telegram."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from telegram.error import ChatMigrated, InvalidToken, TelegramError

from bot.core import Core
from bot.fronts.backoff import delays
from bot.fronts.news import News
from bot.fronts.port import FrontRefusedError
from bot.fronts.telegram.application import ALLOWED_UPDATES, build_application
from bot.fronts.telegram.contact import Contact
from bot.fronts.telegram.faults import is_gone
from bot.fronts.telegram.polling import Polling
from bot.fronts.telegram.rooms import Rooms
from bot.fronts.telegram.sender import TELEGRAM
from bot.fronts.telegram.spots import Spot
from bot.fronts.telegram.webhook import Webhook
from bot.jokes import Answer, Joke
from bot.settings import TelegramSettings
from bot.store.port import StoreUnavailable

__all__ = ["TelegramFront"]

_LAST_VOTES_SECONDS = 3.0
_ABANDON_SECONDS = 0.2
_REFUSED = (
    "Telegram does not accept the token; copy it again from @BotFather into "
    "PUNCHLINE_TELEGRAM__TOKEN."
)

_log = logging.getLogger("punchline.telegram")


class TelegramFront:
    """Implements `bot.fronts.port.Front`.

    The votes under a joke are refreshed at most every `tally_seconds`. Raises `ValueError` without
    a token.
    """

    name = TELEGRAM

    def __init__(self, *, core: Core, settings: TelegramSettings, tally_seconds: float) -> None:
        if settings.token is None:
            raise ValueError("There is no token for Telegram.")
        self._core = core
        self._application = build_application(
            token=settings.token.get_secret_value(), base_url=settings.base_url
        )
        self._rooms = Rooms(
            application=self._application,
            core=core,
            settings=settings,
            tally_seconds=tally_seconds,
        )
        self._contact = Contact()
        self._receiver = self._receiver_of(settings)
        self._stopping = asyncio.Event()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """Talk to people until `stop`. Raises `FrontRefusedError`."""
        try:
            await self._unless_stopped(self._connect())
            if self._stopping.is_set():
                return
            await self._application.start()
            self._ready.set()
            registering = asyncio.create_task(self._register(), name="commands")
            try:
                await self._unless_stopped(self._receiver.run())
                await self._receiver.close()
                await self._answered()
                await self._rooms.following.close()
                await self._rooms.board.close(seconds=_LAST_VOTES_SECONDS)
            finally:
                registering.cancel()
                await asyncio.gather(registering, return_exceptions=True)
        except InvalidToken as error:
            raise FrontRefusedError(_REFUSED, at_start=not self._ready.is_set()) from error
        finally:
            await self._shut_down()

    def stop(self) -> None:
        """Take no more updates, and let `run` end when all that came are answered."""
        self._stopping.set()

    def interrupt(self) -> bool:
        """Nobody types Ctrl-C here."""
        return False

    async def reachable(self, address: str) -> bool:
        """Whether a chat still lets the bot in; waits for Telegram while it is away."""
        await self._ready.wait()
        spot, _ = Spot.of_address(address)
        try:
            await self._application.bot.get_chat(spot.chat_id)
        except ChatMigrated:
            return True
        except TelegramError as error:
            return not is_gone(error)
        return True

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        """Answer a request from before a restart; what may have been seen is only offered."""
        await self._ready.wait()
        spot, language = Spot.of_address(address)
        words = self._core.languages.of(language)
        if perhaps_seen and isinstance(answer, Joke):
            await self._rooms.delivery.note(answer.id, spot=spot, words=words)
            return
        community = self._rooms.askers.community(spot.chat_id)
        await self._rooms.delivery.answer(answer, spot=spot, community=community, words=words)

    async def tell_admins(self, news: News) -> None:
        """Bring news to the admins' chat, as soon as Telegram has let the bot in."""
        await self._ready.wait()
        await self._rooms.tell_admins(news)

    def _receiver_of(self, settings: TelegramSettings) -> Polling | Webhook:
        application = self._application
        if settings.webhook_url and application.updater is not None:
            return Webhook(
                updater=application.updater,
                url=settings.webhook_url,
                listen=settings.webhook_listen,
                allowed_updates=ALLOWED_UPDATES,
                contact=self._contact,
            )
        return Polling(
            bot=application.bot,
            queue=application.update_queue,
            allowed_updates=ALLOWED_UPDATES,
            contact=self._contact,
        )

    async def _connect(self) -> None:
        """Try until Telegram has said who the bot is. Raises `InvalidToken`."""
        for seconds in delays():
            try:
                await self._application.initialize()
            except InvalidToken:
                raise
            except TelegramError as error:
                self._contact.lost(error, seconds=seconds)
                await asyncio.sleep(seconds)
            else:
                self._contact.there()
                return

    async def _register(self) -> None:
        try:
            await self._rooms.menu.register()
        except StoreUnavailable as error:
            _log.error("The commands could not be registered: %s", error)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something until it is done or `stop` is called; raises what it raises."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            ends: set[asyncio.Future[Any]] = {working, stopping}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(stopping, working, return_exceptions=True)
        if not working.cancelled():
            working.result()

    async def _answered(self) -> None:
        """Wait until everything that came has been answered."""
        # The library does not wait for what is taken from the queue after it was told to stop.
        await self._application.update_queue.join()
        await self._application.stop()

    async def _shut_down(self) -> None:
        """Close every connection; what is still being answered is given up."""
        await self._rooms.following.close()
        if self._application.running:
            # Telling the library to stop makes it wait for its tasks, and a timeout cancels them.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ABANDON_SECONDS):
                    await self._answered()
        await self._receiver.close()
        await self._application.shutdown()
        # An application that never got through to Telegram does not think it is initialized.
        await self._application.bot.shutdown()
