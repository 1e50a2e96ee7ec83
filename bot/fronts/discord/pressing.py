"""What happens when a member presses a button."""

import re
from typing import Any

import discord

from bot.fronts.actions import CANCEL_PATTERN, Action, Actions, Verb
from bot.fronts.asking import Asks, Cancelled
from bot.fronts.discord.buttons import FORGET_NO, FORGET_YES, data_of
from bot.fronts.discord.editing import Editing, post_of
from bot.fronts.discord.forgetting import Forgetting
from bot.fronts.discord.replies import Manner
from bot.fronts.discord.schooling import Schooling
from bot.fronts.discord.visits import Desk, Visit
from bot.fronts.voting import Voting

__all__ = ["Pressing"]


class Pressing:
    """Buttons tell everything by their data, so it does not matter how old they are."""

    def __init__(
        self,
        *,
        desk: Desk,
        actions: Actions,
        asks: Asks,
        voting: Voting,
        editing: Editing,
        forgetting: Forgetting,
        schooling: Schooling,
    ) -> None:
        self._desk = desk
        self._actions = actions
        self._asks = asks
        self._voting = voting
        self._editing = editing
        self._forgetting = forgetting
        self._schooling = schooling

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Serve whoever pressed a button."""
        await self._desk.serve(interaction, self._obey, manner=Manner.UPDATE)

    async def _obey(self, visit: Visit) -> None:
        data = data_of(visit.interaction)
        if data in (FORGET_YES, FORGET_NO):
            await self._forgetting.decide(visit, yes=data == FORGET_YES)
        elif cancel := re.fullmatch(CANCEL_PATTERN, data):
            await self._cancel(visit, cancel["key"])
        elif decision := self._actions.read_decision(data):
            await self._schooling.decide(visit, decision)
        else:
            action = self._actions.read(data)
            if action is None or action.verb is Verb.SHOW:
                await visit.reply.whisper(visit.wording.unknown_button())
            else:
                await self._vote(visit, action)

    async def _vote(self, visit: Visit, action: Action) -> None:
        interaction = visit.interaction
        if interaction.message is not None and interaction.channel_id is not None:
            post = post_of(interaction.channel_id, interaction.message.id)
            self._editing.remember(post, visit.reply)
        sentence = await self._voting.press(
            action,
            visit.member,
            event=interaction.id,
            moderator=interaction.permissions.manage_messages,
            words=visit.words,
        )
        await visit.reply.whisper(sentence)

    async def _cancel(self, visit: Visit, key: str) -> None:
        match self._asks.cancel(key, visit.member):
            case Cancelled.NOT_YOURS:
                await visit.reply.whisper(visit.wording.only_the_asker())
            case Cancelled.TOO_LATE:
                await visit.reply.whisper(visit.wording.too_late_to_cancel())
            case Cancelled.DONE:
                """Whoever waits for the joke hears of it."""
