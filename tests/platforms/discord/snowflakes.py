"""Ids that carry the moment they were made, as Discord's do."""

import itertools
import time

__all__ = ["Snowflakes"]

_EPOCH = 1_420_070_400_000
_DAY = 86_400_000


class Snowflakes:
    """Gives out ids, each once.

    Source: https://discord.com/developers/docs/reference#snowflakes
    """

    def __init__(self) -> None:
        self._counter = itertools.count()

    def now(self) -> int:
        """An id of this moment."""
        return self._at(int(time.time() * 1000))

    def old(self, days: int) -> int:
        """An id from long ago; ids made one after another fall on different shards."""
        return self._at(int(time.time() * 1000) - days * _DAY, spread=1)

    def _at(self, milliseconds: int, *, spread: int = 0) -> int:
        number = next(self._counter)
        moment = milliseconds - _EPOCH
        if spread:
            # The last bits of the moment choose the shard, so they count up.
            moment = (moment & ~0xFFF) | (number & 0xFFF)
        return (moment << 22) | (number & 0x3FFFFF)
