"""A webhook: Telegram brings updates to a small server of the bot's own."""

import asyncio
import secrets
import socket
from collections.abc import Sequence

from telegram.error import InvalidToken, TelegramError
from telegram.ext import Updater

from bot.fronts.backoff import delays
from bot.fronts.port import FrontRefusedError
from bot.fronts.telegram.contact import Contact

__all__ = ["Webhook"]


class Webhook:
    """Listens at `listen`, host:port, for what comes to `url`.

    The path and the secret that Telegram proves itself with are new at each start
    (https://core.telegram.org/bots/api#setwebhook).
    """

    def __init__(
        self,
        *,
        updater: Updater,
        url: str,
        listen: str,
        allowed_updates: Sequence[str],
        contact: Contact,
    ) -> None:
        self._updater = updater
        self._url = url
        self._listen = listen
        self._allowed_updates = allowed_updates
        self._contact = contact

    async def run(self) -> None:
        """Listen until cancelled. Raises `InvalidToken` and `FrontRefusedError`."""
        for seconds in delays():
            try:
                await self._start()
            except InvalidToken:
                raise
            except TelegramError as error:
                self._contact.lost(error, seconds=seconds)
                await asyncio.sleep(seconds)
            except OSError as error:
                sentence = (
                    f"Nothing can listen on {self._listen} ({error.strerror}); "
                    "change telegram.webhook_listen."
                )
                raise FrontRefusedError(sentence, at_start=True) from error
            else:
                self._contact.there()
                await asyncio.Event().wait()

    async def close(self) -> None:
        """Stop listening."""
        if self._updater.running:
            await self._updater.stop()

    async def _start(self) -> None:
        name, _, number = self._listen.rpartition(":")
        host, port = name.strip("[]"), int(number)
        # Telegram need not hear of a webhook that cannot be.
        with socket.create_server((host, port), family=_family(host)):
            pass
        path = secrets.token_urlsafe()
        await self._updater.start_webhook(
            listen=host,
            port=port,
            url_path=path,
            webhook_url=f"{self._url}/{path}",
            secret_token=secrets.token_urlsafe(),
            allowed_updates=self._allowed_updates,
        )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
