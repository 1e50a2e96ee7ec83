"""Things that are worth saying once."""

from collections import OrderedDict
from collections.abc import Hashable

__all__ = ["Once"]

_REMEMBERED = 10_000


class Once:
    """Remembers what has been said, the latest ten thousand things of it."""

    def __init__(self) -> None:
        self._said: OrderedDict[Hashable, None] = OrderedDict()

    def first(self, thing: Hashable) -> bool:
        """Whether this is the first time; asking counts as saying."""
        if thing in self._said:
            self._said.move_to_end(thing)
            return False
        self._said[thing] = None
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        return True
