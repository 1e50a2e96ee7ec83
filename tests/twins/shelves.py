"""What the shelf needs of the store, in memory, with the same answers as on disk."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.store.port import StoreUnavailable
from bot.store.refusals import check_shelved, check_text
from bot.store.shelf_port import Draw
from tests.twins.rows import Row

__all__ = ["MemoryShelves"]


class MemoryShelves:
    """Implements `bot.store.shelf_port.Shelves` beside the rows of a `MemoryStore`.

    `kept` holds the draws by version and seed. Set `unavailable` to make every call fail.
    """

    def __init__(self, *, rows: dict[int, Row]) -> None:
        self._rows = rows
        self.unavailable = False
        self.kept: dict[tuple[str, int], Draw] = {}

    async def put(self, draw: Draw) -> Draw | None:
        self._check_available()
        check_shelved(draw)
        barred = {
            joke.choice.fingerprint
            for other in self.kept.values()
            if other.version == draw.version
            for joke in other.jokes
        }
        for row in self._rows.values():
            if row.told is not None and (row.flags or row.hidden):
                barred |= {row.told.fingerprint or "", row.told.text}
        return self._keep(draw, without=barred)

    async def draws(self, version: str) -> Sequence[Draw]:
        self._check_available()
        check_text(version)
        found = [draw for draw in self.kept.values() if draw.version == version]
        return sorted(found, key=lambda draw: draw.seed)

    async def discard(self, draw: Draw) -> None:
        self._check_available()
        self.take_off(draw.version, draw.seed)

    async def retain(self, versions: Collection[str], *, recipe: str) -> None:
        self._check_available()
        for key, draw in list(self.kept.items()):
            if draw.version not in versions or draw.recipe != recipe:
                del self.kept[key]

    def there(self, version: str, seed: int, fingerprint: str | None) -> bool:
        """Whether a joke of a draw is still on the shelf."""
        draw = self.kept.get((version, seed))
        return draw is not None and any(
            joke.choice.fingerprint == fingerprint for joke in draw.jokes
        )

    def take_off(self, version: str, seed: int) -> None:
        """Take a draw from its shelf."""
        self.kept.pop((version, seed), None)

    def take_joke_off(self, row: Row) -> None:
        """Take what is the same as a told joke from all shelves."""
        if row.told is not None:
            for draw in list(self.kept.values()):
                self._keep(draw, without={row.told.fingerprint or "", row.told.text})

    def _keep(self, draw: Draw, *, without: Collection[str]) -> Draw | None:
        jokes = tuple(
            joke
            for joke in draw.jokes
            if joke.choice.fingerprint not in without and joke.choice.text not in without
        )
        if not jokes:
            self.kept.pop((draw.version, draw.seed), None)
            return None
        self.kept[draw.version, draw.seed] = replace(draw, jokes=jokes)
        return self.kept[draw.version, draw.seed]

    def _check_available(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("The disk is full; free some space and try again.")
