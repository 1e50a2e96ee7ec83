"""Reactions as votes."""

from collections.abc import Sequence

from telegram import ReactionType, ReactionTypeEmoji, Update

from bot.fronts.telegram.sender import TELEGRAM
from bot.fronts.telegram.turns import Turns
from bot.fronts.voting import Voting, value_of
from bot.store.record_port import Post

__all__ = ["Reactions"]


class Reactions:
    """Takes what changed in a member's reactions to a message for at most one vote."""

    def __init__(self, *, voting: Voting, turns: Turns) -> None:
        self._voting = voting
        self._turns = turns

    async def change(self, update: Update) -> None:
        """A member has added, changed or removed reactions.

        Bots do not count, nor does whoever reacts anonymously, since that could be anybody.
        """
        changed = update.message_reaction
        if changed is None or changed.user is None or changed.user.is_bot:
            return
        member = str(changed.user.id)
        post = Post(front=TELEGRAM, place=str(changed.chat.id), message=str(changed.message_id))
        old, new = _votes(changed.old_reaction), _votes(changed.new_reaction)
        added = [emoji for emoji in new if emoji not in old]
        removed = [emoji for emoji in old if emoji not in new]
        event = update.update_id
        async with self._turns.turn((post, member)):
            if added:
                await self._voting.react(post, added[-1], member, event=event)
            elif removed and new:
                await self._voting.react(post, new[-1], member, event=event)
            elif removed:
                await self._voting.unreact(post, removed[-1], member, event=event)


def _votes(reactions: Sequence[ReactionType]) -> list[str]:
    return [
        reaction.emoji
        for reaction in reactions
        if isinstance(reaction, ReactionTypeEmoji) and value_of(reaction.emoji)
    ]
