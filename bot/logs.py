"""Logging on standard error, as text or JSON, with every known secret blotted out."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

__all__ = ["configure_logging"]

_BLOT = "(hidden)"


class _Formatter(logging.Formatter):
    """Blots secrets out of the finished line, tracebacks included."""

    def __init__(self, *, as_json: bool, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        self._as_json = as_json
        # Escaped, a token with a quote or a backslash looks different. The longest spelling goes
        # first, so that nothing of it is left over.
        spellings = {
            spelling
            for secret in secrets
            if secret
            for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])
        }
        self._spellings = sorted(spellings, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        return self._json(record) if self._as_json else self._blotted(super().format(record))

    def _json(self, record: logging.LogRecord) -> str:
        content = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._blotted(record.getMessage()),
        }
        if record.exc_info:
            content["traceback"] = self._blotted(self.formatException(record.exc_info))
        return json.dumps(content, ensure_ascii=False)

    def _blotted(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, _BLOT)
        return text


def configure_logging(*, level: str, as_json: bool, secrets: Iterable[str]) -> None:
    """Send the log of this process to standard error.

    Other libraries are heard from warnings on; `level` is for Punchline's own loggers.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(as_json=as_json, secrets=secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("punchline").setLevel(level.upper())
