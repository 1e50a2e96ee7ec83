"""Whether Punchline tells jokes at all just now: an admin's decision that outlives a restart."""

import contextlib

from bot.store.port import StoreUnavailable
from bot.store.record_port import Records

__all__ = ["Pause"]

_NOTE = "paused"


class Pause:
    """On or off for everybody, kept in the store."""

    def __init__(self, *, records: Records) -> None:
        self._records = records
        self._on = False

    @property
    def on(self) -> bool:
        """Whether jokes are paused."""
        return self._on

    async def recall(self) -> None:
        """Take up what was decided before the restart. Raises `StoreUnavailable`."""
        self._on = await self._records.note(_NOTE) is not None

    async def follow(self) -> None:
        """Take up what another process has decided meanwhile, if the store can be asked."""
        with contextlib.suppress(StoreUnavailable):
            await self.recall()

    async def set(self, on: bool) -> None:
        """Decide. Raises `StoreUnavailable`."""
        await self._records.write_note(_NOTE, "yes" if on else None)
        self._on = on
