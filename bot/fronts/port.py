"""What the rest of Punchline asks of a front-end; `tests/twins/front.py` holds the twin."""

from typing import Protocol

from bot.fronts.news import News
from bot.jokes import Answer

__all__ = ["Front", "FrontRefusedError", "InterruptedByMemberError"]


class InterruptedByMemberError(Exception):
    """Somebody typed Ctrl-C and means the whole program."""


class FrontRefusedError(Exception):
    """The platform will never let this front-end in as it is configured; one sentence says why.

    `at_start` is False for one that was let in before.
    """

    def __init__(self, sentence: str, *, at_start: bool) -> None:
        super().__init__(sentence)
        self.at_start = at_start


class Front(Protocol):
    """A platform people talk to Punchline on. `name` is the `front` of its communities."""

    name: str

    async def run(self) -> None:
        """Talk to people until `stop`, or until there is nobody left to talk to.

        Raises `InterruptedByMemberError` and `FrontRefusedError`.
        """

    def stop(self) -> None:
        """Let `run` end once what is being answered has been answered."""

    def interrupt(self) -> bool:
        """Ctrl-C: give up what a person at this front-end waits for; False if nothing is."""

    async def reachable(self, address: str) -> bool:
        """Whether an answer to a request from before a restart would still arrive."""

    async def answer_late(self, address: str, answer: Answer, *, perhaps_seen: bool) -> None:
        """Send the answer to a request from before a restart.

        One that is `perhaps_seen` may have arrived then, and must not be shown a second time.
        """

    async def tell_admins(self, news: News) -> None:
        """Tell the bot's admins, where they have a place to be told; waits for the platform."""
