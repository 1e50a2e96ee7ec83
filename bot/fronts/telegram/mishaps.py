"""What happens when answering goes wrong: one line in the log, one sentence to the member."""

import logging
from typing import Any

from telegram import Update
from telegram.error import TelegramError

from bot.fronts.telegram.askers import Askers
from bot.fronts.telegram.callbacks import answer
from bot.fronts.telegram.faults import GoneError, UncertainError
from bot.fronts.telegram.sender import Sender
from bot.fronts.telegram.spots import Spot
from bot.fronts.wording import Wording
from bot.store.port import StoreUnavailable

__all__ = ["Mishaps"]

_log = logging.getLogger("punchline.telegram")


class Mishaps:
    """The application's error handler."""

    def __init__(self, *, askers: Askers, sender: Sender) -> None:
        self._askers = askers
        self._sender = sender

    async def handle(self, update: object, context: Any) -> None:
        """Log an error, with its traceback unless it is a known kind, and apologise."""
        error: BaseException = context.error
        if isinstance(error, GoneError):
            # Where nobody can be reached nobody can be told; that is in the log already.
            return
        if isinstance(error, UncertainError | TelegramError):
            _log.warning("An answer may not have arrived: %s", error)
            return
        if not isinstance(update, Update):
            _log.error("Something went wrong.", exc_info=error)
            return
        wording = Wording(words=self._askers.words(update))
        if isinstance(error, StoreUnavailable):
            _log.error("An update could not be answered: %s", error)
            await self._tell(update, wording.memory_gone())
        else:
            _log.error("Update %d could not be answered.", update.update_id, exc_info=error)
            await self._tell(update, wording.stumbled())

    async def _tell(self, update: Update, text: str) -> None:
        if update.callback_query is not None:
            await answer(update.callback_query, text, alert=True)
        elif update.message is not None:
            message = update.message
            spot = Spot(chat_id=message.chat.id, reply_to=message.message_id)
            try:
                await self._sender.say(spot, text)
            except (GoneError, UncertainError, TelegramError) as error:
                _log.info("Nobody could be told: %s", error)
