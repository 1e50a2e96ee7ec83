"""Says in plain sentences when Telegram cannot be reached, and when it can again."""

import logging

from telegram.error import Conflict, TelegramError

__all__ = ["Contact"]

_log = logging.getLogger("punchline.telegram")


class Contact:
    """Whether there is contact with Telegram, for the log."""

    def __init__(self) -> None:
        self._lost: str | None = None

    def lost(self, error: TelegramError, *, seconds: float) -> None:
        """An attempt failed; the next is so many seconds away. Said once for each reason."""
        sentence = "Telegram cannot be reached (%s); trying again in %.0f s."
        if isinstance(error, Conflict):
            sentence = (
                "Another program receives this bot's messages (%s); only one may run with a token. "
                "Trying again in %.0f s."
            )
        if self._lost != sentence:
            _log.warning(sentence, error, seconds)
        self._lost = sentence

    def there(self) -> None:
        """An attempt has succeeded."""
        if self._lost is not None:
            _log.warning("Telegram can be reached again.")
            self._lost = None
