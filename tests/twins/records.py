"""Posts, settings and notes in memory, with the same answers as those on disk."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.jokes import Community
from bot.store.identity import MemberHasher
from bot.store.record_port import Post
from bot.store.records import SEAL_CHARACTERS
from bot.store.refusals import check_community, check_text
from tests.twins.rows import Row

__all__ = ["MemoryRecords"]


class MemoryRecords:
    """Implements `bot.store.record_port.Records` beside the rows of a `MemoryStore`.

    `shown` holds the joke of each post, `notes` the notes.
    """

    def __init__(self, *, rows: dict[int, Row], hasher: MemberHasher) -> None:
        self._rows = rows
        self._hasher = hasher
        self.shown: dict[Post, int] = {}
        self.notes: dict[str, str] = {}
        self.saved: dict[Community, dict[str, Any]] = {}

    async def posted(self, joke_id: int, post: Post) -> None:
        check_text(post.front, post.place, post.message)
        self.shown.setdefault(post, joke_id)
        if joke_id in self._rows:
            self._rows[joke_id].delivery = None

    async def joke_at(self, post: Post) -> int | None:
        check_text(post.front, post.place, post.message)
        return self.shown.get(post)

    async def posts(self, joke_id: int) -> Sequence[Post]:
        return [post for post, shown in self.shown.items() if shown == joke_id]

    async def unposted(self, post: Post) -> None:
        self.shown.pop(post, None)

    async def settings(self, community: Community) -> dict[str, Any]:
        check_community(community)
        return dict(self.saved.get(community, {}))

    async def save_settings(self, community: Community, settings: dict[str, Any]) -> None:
        check_community(community)
        self.saved[community] = dict(settings)

    async def move_community(self, old: Community, new: Community) -> None:
        check_community(old)
        check_community(new)
        moving = [row for row in self._rows.values() if row.request.community == old]
        if old == new or (not moving and old not in self.saved):
            return
        heard = {row.told.fingerprint for row in moving if row.told is not None}
        for row in self._rows.values():
            there = row.request.community == new
            if there and row.told is not None and row.told.fingerprint in heard:
                row.told = replace(row.told, fingerprint=None)
        for row in moving:
            row.request = replace(row.request, community=new)
        self.saved[new] = self.saved.pop(old, {})

    async def note(self, name: str) -> str | None:
        return self.notes.get(name)

    async def write_note(self, name: str, text: str | None) -> None:
        check_text(name, text)
        if text is None:
            self.notes.pop(name, None)
        else:
            self.notes[name] = text

    def pseudonym(self, front: str, member: str) -> str:
        return self._hasher.hash(front, member)

    def seal(self, joke_id: int) -> str:
        return self._hasher.hash("seal", str(joke_id))[:SEAL_CHARACTERS]
