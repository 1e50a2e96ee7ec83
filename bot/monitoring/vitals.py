"""Whether the tasks live that have to live for as long as the program runs."""

import asyncio
from collections.abc import Iterable, Sequence

from bot.settings import Settings

__all__ = ["Vitals", "supervised_tasks"]

_ALWAYS = ("store writer", "worker supervisor", "roster", "learning")
_TASTE = ("learning tastes", "reading jokes")
_SHELF = ("filling the shelf",)


def supervised_tasks(settings: Settings) -> Sequence[str]:
    """The names of the tasks that a running bot has by these settings."""
    taste = _TASTE if settings.taste.enabled else ()
    return (*_ALWAYS, *taste, *(_SHELF if settings.shelf.enabled else ()))


class Vitals:
    """Looks for tasks by their names; one that has ended is not among the loop's any more."""

    def __init__(self, tasks: Iterable[str]) -> None:
        self._tasks = tuple(tasks)

    def missing(self) -> Sequence[str]:
        """Those that should live and do not."""
        living = {task.get_name() for task in asyncio.all_tasks()}
        return [name for name in self._tasks if name not in living]
