"""What the rest of Punchline asks of a front-end; `tests/twins/front.py` holds the twin."""

from typing import Protocol

from bot.jokes import Answer

__all__ = ["Front", "InterruptedByMemberError"]


class InterruptedByMemberError(Exception):
    """Somebody typed Ctrl-C and means the whole program."""


class Front(Protocol):
    """A platform people talk to Punchline on. `name` is the `front` of its communities."""

    name: str

    async def run(self) -> None:
        """Talk to people until `stop`, or until there is nobody left to talk to.

        Raises `InterruptedByMemberError`.
        """

    def stop(self) -> None:
        """Let `run` end once what is being answered has been answered."""

    def interrupt(self) -> bool:
        """Ctrl-C: give up what a person at this front-end waits for; False if nothing is."""

    async def reachable(self, address: str) -> bool:
        """Whether an answer to a request from before a restart would still arrive."""

    async def answer_late(self, address: str, answer: Answer) -> None:
        """Send the answer to a request from before a restart."""
