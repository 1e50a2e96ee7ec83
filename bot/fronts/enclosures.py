"""The files that go with a verdict."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.learning import RunReport

__all__ = ["Enclosure", "enclosures"]

_log = logging.getLogger("punchline.learning")


@dataclass(frozen=True, kw_only=True, slots=True)
class Enclosure:
    """A file to send, read already; `picture` for one that is shown and not only offered."""

    name: str
    data: bytes
    picture: bool


async def enclosures(report: RunReport, *, largest: int) -> Sequence[Enclosure]:
    """The picture and the page of a report, without what is gone or has more than `largest` bytes.

    Verdicts are read without them too.
    """
    found = []
    for path, picture in ((report.picture, True), (report.page, False)):
        data = await asyncio.to_thread(_read, path) if path else None
        if path is None or not data:
            continue
        if len(data) > largest:
            _log.warning("%s is too large to be sent; it stays where it is.", path)
            continue
        found.append(Enclosure(name=path.name, data=data, picture=picture))
    return found


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        _log.warning("%s cannot be sent: %s", path, error.strerror)
        return None
