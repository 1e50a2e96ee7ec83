"""/forget: asks first, then erases."""

import discord

from bot.core import Core
from bot.fronts.discord.faces import Faces
from bot.fronts.discord.places import FRONT
from bot.fronts.discord.visits import Visit

__all__ = ["Forgetting"]

_PATIENCE_SECONDS = 300.0


class Forgetting:
    """The question is for the member alone, and good for five minutes."""

    def __init__(self, *, core: Core, faces: Faces) -> None:
        self._core = core
        self._faces = faces

    async def ask(self, visit: Visit) -> None:
        """Ask whether the member means it."""
        await visit.reply.show(
            visit.wording.forget_question(), view=self._faces.forgetting(visit.words)
        )

    async def decide(self, visit: Visit, *, yes: bool) -> None:
        """Do what the member has decided. Raises `StoreUnavailable`."""
        wording = visit.wording
        if not yes:
            await visit.reply.show(wording.not_forgotten())
        elif _age(visit.interaction) > _PATIENCE_SECONDS:
            await visit.reply.show(
                visit.words.say("That was a while ago; type /forget again if you still mean it.")
            )
        else:
            votes = await self._core.jokes.forget(FRONT, visit.member)
            await visit.reply.show(wording.forgotten(votes))


def _age(interaction: discord.Interaction) -> float:
    """Seconds between a question and the answer to it."""
    if interaction.message is None:
        return 0.0
    return (interaction.created_at - interaction.message.created_at).total_seconds()
