"""Puts a joke, or the reason why there is none, where a member asked for it."""

import asyncio
import logging

import discord

from bot.communities import VoteStyle
from bot.core import Core
from bot.fronts.backoff import delays
from bot.fronts.discord.addresses import Address
from bot.fronts.discord.editing import Editing, post_of
from bot.fronts.discord.faces import Face
from bot.fronts.discord.notices import Notices
from bot.fronts.discord.outages import OUTAGES, describe, will_pass
from bot.fronts.discord.places import FRONT
from bot.fronts.discord.replies import Reply
from bot.fronts.discord.showing import Showing
from bot.fronts.postings import Postings
from bot.jokes import Answer, Declined, Reason
from bot.languages import Words
from bot.phrases import sentence
from bot.store.port import ShownJoke, StoreUnavailable, Tally
from bot.store.record_port import Post

__all__ = ["Posting"]

_EMOJI = ("👍", "👎")
_ATTEMPTS = 4

_log = logging.getLogger("punchline.discord")


class Posting:
    """The same for an answer that comes at once and for one that comes after a restart."""

    def __init__(
        self,
        *,
        core: Core,
        showing: Showing,
        editing: Editing,
        notices: Notices,
        postings: Postings,
    ) -> None:
        self._core = core
        self._postings = postings
        self._showing = showing
        self._editing = editing
        self._notices = notices

    async def answer(self, reply: Reply, address: Address, answer: Answer, *, words: Words) -> None:
        """Show a joke that has no votes yet, or tell the member why there is none."""
        if isinstance(answer, Declined):
            # The first of the two events is being answered, or has been.
            if answer.reason is not Reason.DUPLICATE:
                await reply.refuse(sentence(answer, words))
            return
        shown = ShownJoke(
            id=answer.id,
            community=address.community(FRONT),
            text=answer.text,
            tally=Tally(up=0, down=0, flags=0),
            hidden=False,
        )
        await self.post(reply, address, shown)

    async def post(self, reply: Reply, address: Address, shown: ShownJoke) -> None:
        """Show a joke, and let members vote on it."""
        may_react = address.can_react and not address.missing
        face = await self._showing.face(shown, may_react=may_react)
        with self._postings.under_way(str(address.channel_id)):
            post = await self._posted(reply, shown, face)
        if post is None:
            return
        if face.reactions and not await self._begin_reactions(post):
            face = await self._showing.face(shown, may_react=False)
            await reply.show(face.content, view=face.view)
            await self._notices.missing(shown.community, address.channel_id, ("add_reactions",))
        elif address.can_react and await self._wants_reactions(shown):
            await self._notices.missing(shown.community, address.channel_id, address.missing)

    async def _posted(self, reply: Reply, shown: ShownJoke, face: Face) -> Post | None:
        """The message that shows the joke, noted; None when it is gone or cannot be noted."""
        message = await reply.show(face.content, view=face.view)
        if message is None:
            return None
        post = post_of(message.channel.id, message.id)
        self._editing.remember(post, reply)
        try:
            await self._core.records.posted(shown.id, post)
        except StoreUnavailable as error:
            # Its buttons carry the number of the joke, so they work all the same.
            _log.error("The message of joke %d could not be noted: %s", shown.id, error)
            return None
        return post

    async def _wants_reactions(self, shown: ShownJoke) -> bool:
        settings = await self._core.communities.settings(shown.community)
        return settings.vote_style is not VoteStyle.BUTTONS

    async def _begin_reactions(self, post: Post) -> bool:
        """Put the reactions there that members can join; False when that is not permitted."""
        message = self._editing.message(post)
        try:
            for emoji in _EMOJI:
                await _react(message, emoji)
        except discord.Forbidden:
            return False
        except discord.NotFound:
            await self._editing.forget(post)
        except (*OUTAGES, discord.HTTPException) as error:
            _log.info("A reaction could not be added: %s", describe(error))
        return True


async def _react(message: discord.PartialMessage, emoji: str) -> None:
    """Raises what discord.py raises, after some attempts where that helps."""
    for attempt, delay in enumerate(delays(), start=1):
        try:
            await message.add_reaction(emoji)
        except (*OUTAGES, discord.HTTPException) as error:
            if attempt == _ATTEMPTS or not will_pass(error):
                raise
            await asyncio.sleep(delay)
        else:
            return
