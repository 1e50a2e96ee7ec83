"""Logging on standard error, as text or JSON, with every known secret blotted out.

A line that belongs to a request says so: `[7f3a9c21]` in text, a field `request` in JSON.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.tracing import current_request

__all__ = ["configure_logging", "configure_worker_logging", "read_worker_line"]

_BLOT = "(hidden)"
_WORKER_LINE = re.compile(r"\[([0-9a-f]{8})\] (.*)", re.DOTALL)


class _OfRequest(logging.Filter):
    """Gives each record the request it belongs to, unless whoever logs has named another."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", "") or current_request()
        record.request = request
        record.mark = f"[{request}] " if request else ""
        return True


class _Formatter(logging.Formatter):
    """Blots secrets out of the finished line, tracebacks included."""

    def __init__(self, *, as_json: bool, secrets: Iterable[str]) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s: %(mark)s%(message)s",
            "%Y-%m-%d %H:%M:%S",
            defaults={"mark": ""},
        )
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
        if request := getattr(record, "request", ""):
            content["request"] = request
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
    handler.addFilter(_OfRequest())
    handler.setFormatter(_Formatter(as_json=as_json, secrets=secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("punchline").setLevel(level.upper())


def configure_worker_logging(*, verbose: bool) -> None:
    """Send the log of a worker to its standard error, from where the bot passes it on.

    Its own debug lines are left out unless `verbose`: there is one or more for each request.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_OfRequest())
    handler.setFormatter(logging.Formatter("%(mark)s%(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("punchline").setLevel(logging.DEBUG if verbose else logging.INFO)


def read_worker_line(line: str) -> tuple[str, str]:
    """The request that a line of a worker's log belongs to, if any, and what it says."""
    found = _WORKER_LINE.fullmatch(line)
    return (found[1], found[2]) if found else ("", line)
