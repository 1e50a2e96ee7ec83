"""Reactions to jokes, also to messages that the client has long forgotten."""

import asyncio
import logging
from weakref import WeakValueDictionary

import discord

from bot.fronts.discord.atwork import AtWork
from bot.fronts.discord.editing import post_of
from bot.fronts.voting import Voting
from bot.tracing import about_request

__all__ = ["Reactions"]

_log = logging.getLogger("punchline.discord")


class Reactions:
    """Adding and taking away a reaction is adding and withdrawing a vote."""

    def __init__(self, *, client: discord.Client, voting: Voting, at_work: AtWork) -> None:
        self._client = client
        self._voting = voting
        self._at_work = at_work
        self._turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def changed(self, event: discord.RawReactionActionEvent) -> None:
        """A member, or a bot, has added or taken away a reaction."""
        # Each event comes in a task of its own, and they begin in the order of the events. The
        # lock, which is first come first served, has to be the first thing that is waited for.
        turn = self._turns.setdefault((event.message_id, event.user_id), asyncio.Lock())
        async with turn:
            if self._is_bot(event) or event.emoji.id is not None:
                return
            with about_request(), self._at_work.one_more():
                try:
                    await self._vote(event)
                except Exception:
                    _log.exception("A reaction could not be counted.")

    async def _vote(self, event: discord.RawReactionActionEvent) -> None:
        post, member = post_of(event.channel_id, event.message_id), str(event.user_id)
        emoji = event.emoji.name
        if event.event_type == "REACTION_REMOVE":
            await self._voting.unreact(post, emoji, member)
        else:
            await self._voting.react(post, emoji, member, moderator=self._moderates(event))

    def _is_bot(self, event: discord.RawReactionActionEvent) -> bool:
        user = self._client.user
        if user is not None and event.user_id == user.id:
            return True
        return event.member is not None and event.member.bot

    def _moderates(self, event: discord.RawReactionActionEvent) -> bool:
        member = event.member
        if member is None:
            return False
        channel = member.guild.get_channel_or_thread(event.channel_id)
        if channel is None:
            return member.guild_permissions.manage_messages
        return channel.permissions_for(member).manage_messages
