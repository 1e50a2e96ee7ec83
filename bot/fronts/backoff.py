"""How long to wait before a platform is tried again."""

import random
from collections.abc import Iterator

__all__ = ["delays"]

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0
_JITTER = 0.25


def delays() -> Iterator[float]:
    """Seconds between attempts, without end: about 1, 2, 4 and so on up to a minute.

    Each is up to a quarter longer, so that many bots do not come back at the same moment.
    """
    seconds = _FIRST_SECONDS
    while True:
        yield seconds * random.uniform(1, 1 + _JITTER)  # noqa: S311 - no secret
        seconds = min(2 * seconds, _LONGEST_SECONDS)
