"""Keeps the messages that show a joke as the store has it."""

from bot.core import Core
from bot.fronts.discord.editing import Editing
from bot.fronts.discord.faces import Face, Faces
from bot.fronts.discord.places import FRONT, Places
from bot.languages import Words
from bot.store.port import ShownJoke, StoreUnavailable, UnknownJoke
from bot.store.record_port import Post

__all__ = ["Showing"]


class Showing:
    """Draws jokes anew after votes and flags."""

    def __init__(self, *, core: Core, places: Places, faces: Faces, editing: Editing) -> None:
        self._core = core
        self._places = places
        self._faces = faces
        self._editing = editing

    async def refresh(self, joke_id: int) -> bool:
        """Bring all messages of a joke up to date; False when that has to be tried again."""
        try:
            shown = await self._core.jokes.shown(joke_id)
            posts = await self._core.records.posts(joke_id)
            done = [await self._refresh(post, shown) for post in posts if post.front == FRONT]
        except UnknownJoke:
            return True
        except StoreUnavailable:
            return False
        return all(done)

    async def face(self, shown: ShownJoke, *, may_react: bool, words: Words | None = None) -> Face:
        """What a joke looks like in its community. Raises `StoreUnavailable`."""
        settings = await self._core.communities.settings(shown.community)
        return self._faces.joke(
            shown,
            style=settings.vote_style,
            may_react=may_react,
            words=words or await self.words(shown),
        )

    async def words(self, shown: ShownJoke) -> Words:
        """What everybody in the community of a joke understands. Raises `StoreUnavailable`."""
        settings = await self._core.communities.settings(shown.community)
        guild = self._places.guild(shown.community)
        locale = str(guild.preferred_locale) if guild else None
        return self._core.languages.of(settings.language, locale)

    async def _refresh(self, post: Post, shown: ShownJoke) -> bool:
        channel_id = int(post.place)
        may_react = self._places.may_react(shown.community, channel_id)
        return await self._editing.edit(
            post,
            await self.face(shown, may_react=may_react),
            as_bot=self._places.may_see(shown.community, channel_id),
        )
