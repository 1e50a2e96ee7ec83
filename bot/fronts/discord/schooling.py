"""/retrain, /models, /rollback, and the admins' decision about a trial."""

from collections.abc import Collection

from bot.core import Core
from bot.fronts.actions import Decision
from bot.fronts.deciding import Deciding, refused_sentence
from bot.fronts.discord.editing import Editing, post_of
from bot.fronts.discord.escaping import escaped
from bot.fronts.discord.run_faces import RunFaces, run_wording
from bot.fronts.discord.run_pages import DiscordPage
from bot.fronts.discord.visits import Visit
from bot.fronts.following import Following
from bot.learning import LearningRefused

__all__ = ["Schooling"]


class Schooling:
    """What the `admins`, ids of users, may do about learning.

    Methods raise `StoreUnavailable`, those without a decision `LearningRefused`.
    """

    def __init__(
        self,
        *,
        core: Core,
        editing: Editing,
        faces: RunFaces,
        following: Following,
        admins: Collection[str],
    ) -> None:
        self._learner = core.learner
        self._editing = editing
        self._faces = faces
        self._following = following
        self._deciding = Deciding(learner=core.learner)
        self._admins = admins

    async def retrain(self, visit: Visit) -> None:
        """Begin, and let the answer show how it goes; or say how the one that goes on stands."""
        try:
            run = await self._learner.retrain()
        except LearningRefused as refused:
            report = await self._learner.report()
            if report is None or report.ended:
                raise
            sentence = escaped(refused_sentence(refused, visit.words))
            face = self._faces.run(report, visit.words, before=(sentence,))
            await visit.reply.refuse(face.content)
            return
        message = await visit.reply.show(run_wording(visit.public).began())
        if message is not None:
            page = DiscordPage(
                post=post_of(message.channel.id, message.id),
                reply=visit.reply,
                editing=self._editing,
                faces=self._faces,
                words=visit.public,
            )
            self._following.follow(run, page)

    async def cancel(self, visit: Visit) -> None:
        """End the run that goes on."""
        await self._learner.cancel()
        await visit.reply.show(run_wording(visit.words).cancelled())

    async def models(self, visit: Visit) -> None:
        """Every version."""
        lines = await self._learner.models()
        await visit.reply.show(self._faces.models(lines, visit.words))

    async def roll_back(self, visit: Visit, version: str | None) -> None:
        """Serve an earlier version again."""
        serves = await self._learner.roll_back(version)
        await visit.reply.show(run_wording(visit.words).rolled_back(serves))

    async def decide(self, visit: Visit, decision: Decision) -> None:
        """What was decided with a button, if an admin pressed it."""
        if visit.member not in self._admins:
            await visit.reply.whisper(visit.wording.for_admins_of_the_bot())
            return
        sentence = await self._deciding.decide(decision, visit.words)
        await visit.reply.whisper(escaped(sentence))
        report = await self._learner.report()
        if report is not None and report.run.id == decision.run:
            face = self._faces.run(report, visit.public)
            await visit.reply.show(face.content, view=face.view)
