"""Which joke a message shows, even while the message is so new that this is only being noted."""

import asyncio
import contextlib
from collections.abc import Iterator

from bot.store.record_port import Post, Records

__all__ = ["Postings"]

_PATIENCE_SECONDS = 10.0


class Postings:
    """A member's reaction can be quicker than the platform's word that the joke was posted.

    So an unknown message in a place where a joke is just being posted is looked at again.
    """

    def __init__(self, *, records: Records) -> None:
        self._records = records
        self._under_way: dict[str, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def under_way(self, place: str) -> Iterator[None]:
        """Around everything from before a joke is posted until its message is noted."""
        done = asyncio.Event()
        here = self._under_way.setdefault(place, set())
        here.add(done)
        try:
            yield
        finally:
            done.set()
            here.discard(done)
            if not here:
                self._under_way.pop(place, None)

    async def joke_at(self, post: Post) -> int | None:
        """The joke that a message shows, or None. Raises `StoreUnavailable`."""
        joke_id = await self._records.joke_at(post)
        # Only those that are under way now can be the message; later ones come after it.
        waiting = list(self._under_way.get(post.place, ()))
        if joke_id is not None or not waiting:
            return joke_id
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                for done in waiting:
                    await done.wait()
        return await self._records.joke_at(post)
