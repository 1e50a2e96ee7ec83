"""What taste needs of the store, in memory, with the same answers as on disk."""

from collections.abc import Collection, Mapping, Sequence

from bot.jokes import Community
from bot.store.port import StoreUnavailable
from bot.store.refusals import check_community, check_text
from bot.store.taste_port import ReadJoke, TasteVote, UnreadJoke
from tests.twins.rows import Row

__all__ = ["MemoryTastes"]


class MemoryTastes:
    """Implements `bot.store.taste_port.Tastes` beside the rows of a `MemoryStore`.

    `kept` holds the features by version and joke, `bases` the bases. Set `unavailable` to make
    every call fail.
    """

    def __init__(self, *, rows: dict[int, Row]) -> None:
        self._rows = rows
        self.unavailable = False
        self.kept: dict[tuple[str, int], bytes] = {}
        self.bases: dict[str, bytes] = {}

    async def votes(self, community: Community | None, *, limit: int) -> Sequence[TasteVote]:
        self._check_available()
        if community is not None:
            check_community(community)
        found = [
            TasteVote(joke_id=vote.joke_id, member=vote.member, value=vote.value)
            for row in self._rows.values()
            for vote in row.vote_rows()
            if not vote.withheld and community in (None, vote.community)
        ]
        found.sort(key=lambda vote: (vote.joke_id, vote.member), reverse=True)
        return found[:limit]

    async def communities(self, numbers: Collection[int]) -> set[Community]:
        self._check_available()
        return {self._rows[number].request.community for number in numbers if number in self._rows}

    async def features(self, version: str, numbers: Collection[int]) -> Mapping[int, ReadJoke]:
        self._check_available()
        return {
            number: ReadJoke(text=told.text, features=self.kept[version, number])
            for number in numbers
            if (version, number) in self.kept and (told := self._rows[number].told) is not None
        }

    async def unread(self, version: str, *, votes: int, limit: int) -> Sequence[UnreadJoke]:
        newest = {vote.joke_id for vote in await self.votes(None, limit=votes)}
        found = []
        for number in sorted(newest, reverse=True):
            row = self._rows[number]
            assert row.told is not None
            if (version, number) not in self.kept:
                found.append(
                    UnreadJoke(
                        joke_id=number,
                        topic=row.request.topic,
                        opening=row.request.opening,
                        text=row.told.text,
                    )
                )
        return found[:limit]

    async def put_features(self, version: str, features: Mapping[int, bytes]) -> None:
        self._check_available()
        check_text(version)
        for joke, vector in features.items():
            self.kept.setdefault((version, joke), vector)

    async def basis(self, version: str) -> bytes | None:
        self._check_available()
        return self.bases.get(version)

    async def put_basis(self, version: str, basis: bytes) -> None:
        self._check_available()
        check_text(version)
        self.bases.setdefault(version, basis)

    async def retain(self, versions: Collection[str], *, unvoted: int) -> None:
        self._check_available()
        newest = max(self._rows, default=0)
        for version, joke in list(self.kept):
            voted = any(self._rows[joke].votes.values())
            if version not in versions or (joke <= newest - unvoted and not voted):
                del self.kept[version, joke]
        for version in self.bases.keys() - set(versions):
            del self.bases[version]

    def _check_available(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("The disk is full; free some space and try again.")
