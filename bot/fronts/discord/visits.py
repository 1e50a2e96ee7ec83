"""One interaction of a member with the bot, and the desk where all of them are served."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord

from bot.communities import CommunitySettings
from bot.core import Core
from bot.fronts.discord.atwork import AtWork
from bot.fronts.discord.places import Places
from bot.fronts.discord.replies import Manner, Replies, Reply
from bot.fronts.once import Once
from bot.fronts.wording import Wording
from bot.jokes import Community
from bot.languages import Words
from bot.store.port import StoreUnavailable
from bot.tracing import about_request

__all__ = ["Desk", "Visit", "Work"]

_log = logging.getLogger("punchline.discord")


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Who wants something, and where.

    `words` are for the member alone, `public` for everybody there.
    """

    interaction: discord.Interaction[Any]
    reply: Reply
    community: Community
    settings: CommunitySettings
    words: Words
    public: Words

    @property
    def wording(self) -> Wording:
        """Whole sentences for the member alone."""
        return Wording(words=self.words)

    @property
    def member(self) -> str:
        """The platform's id of the member."""
        return str(self.interaction.user.id)

    @property
    def by_admin(self) -> bool:
        """Whether the member runs the community."""
        return self.interaction.guild_id is None or self.interaction.permissions.manage_guild


Work = Callable[[Visit], Awaitable[None]]


class Desk:
    """Serves each interaction once; whatever goes wrong, the member gets a sentence."""

    def __init__(self, *, core: Core, places: Places, replies: Replies, at_work: AtWork) -> None:
        self._core = core
        self._places = places
        self._replies = replies
        self._at_work = at_work
        self._seen = Once()

    async def serve(
        self, interaction: discord.Interaction[Any], work: Work, *, manner: Manner = Manner.PRIVATE
    ) -> None:
        """Acknowledge, then do the work."""
        # Discord may deliver an event again after a connection was lost.
        if not self._seen.first(interaction.id):
            return
        with about_request(), self._at_work.one_more():
            reply = await self._replies.begin(interaction, manner)
            if reply is not None:
                await self._served(interaction, reply, work)

    async def apologise(self, interaction: discord.Interaction[Any]) -> None:
        """Answer what cannot be served."""
        await self.serve(interaction, self._apologise)

    async def _served(
        self, interaction: discord.Interaction[Any], reply: Reply, work: Work
    ) -> None:
        words = self._core.languages.of(str(interaction.locale))
        try:
            visit = await self._visit(interaction, reply)
            words = visit.words
            await work(visit)
        except StoreUnavailable as error:
            _log.error("The store failed a member: %s", error)
            await reply.refuse(Wording(words=words).memory_gone())
        except Exception:
            _log.exception("An interaction could not be served.")
            await reply.refuse(Wording(words=words).stumbled())

    async def _visit(self, interaction: discord.Interaction[Any], reply: Reply) -> Visit:
        community = self._places.community(interaction)
        settings = await self._core.communities.settings(community)
        languages = self._core.languages
        own, shared = str(interaction.locale), str(interaction.guild_locale or "")
        return Visit(
            interaction=interaction,
            reply=reply,
            community=community,
            settings=settings,
            words=languages.of(settings.language, own),
            public=languages.of(settings.language, shared, own),
        )

    @staticmethod
    async def _apologise(visit: Visit) -> None:
        await visit.reply.refuse(visit.wording.stumbled())
