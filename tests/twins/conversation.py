"""A conversation on in-memory ports, and what the person on the other side reads."""

import io

from rich.console import Console

from bot.fronts.conversation import Conversation
from bot.fronts.screen import Screen
from bot.fronts.terminal import TERMINAL
from bot.jokes import Community
from bot.learning import Learner
from bot.service import JokeService
from tests.twins.learner import ScriptedLearner

__all__ = ["HERE", "Talk", "converse_with"]

HERE = Community(front=TERMINAL, key="local")


def converse_with(
    service: JokeService, screen: Screen, member: str, *, learner: Learner | None = None
) -> Conversation:
    """A conversation in the terminal's community while the model is loaded already."""
    return Conversation(
        service=service,
        screen=screen,
        community=HERE,
        member=member,
        loading=lambda: False,
        learner=learner or ScriptedLearner(),
    )


class Talk:
    """One member's conversation through a pipe."""

    def __init__(
        self, service: JokeService, *, member: str = "ada", learner: Learner | None = None
    ) -> None:
        self._paper = io.StringIO()
        self.screen = Screen(console=Console(file=self._paper, force_terminal=False))
        self.conversation = converse_with(service, self.screen, member, learner=learner)

    @property
    def read(self) -> list[str]:
        """Every line that was read so far."""
        return self._paper.getvalue().splitlines()

    async def say(self, *lines: str) -> list[str]:
        """What is read after these lines were typed."""
        before = len(self.read)
        for line in lines:
            assert await self.conversation.obey(line)
        return self.read[before:]
